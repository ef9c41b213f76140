"""The app manifest as a dictionary."""

from pathlib import Path
from typing import Any

import yaml


def load() -> dict[str, Any]:
    """The manifest as it stands at the top of the repository (inside the package once it is built
    into a wheel)."""
    here = Path(__file__).parents[1]
    path = next(it for it in (here / "manifest.yml", here.parent / "manifest.yml") if it.exists())
    manifest: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest
