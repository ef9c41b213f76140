"""The app manifest as a dictionary."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def load() -> Mapping[str, Any]:
    """Return the manifest from the top of the repository, or from inside the package in a wheel."""
    here = Path(__file__).parents[1]
    path = next(
        path for path in (here / "manifest.yml", here.parent / "manifest.yml") if path.exists()
    )
    manifest: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest
