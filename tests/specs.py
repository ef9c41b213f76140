"""The folder of documents that the contract tests compare with."""

import os
from pathlib import Path

import pytest

HOW = (
    "VENDOR_SPECS is not set. To run this test, set it to a folder that has rootly.json, "
    "incident_io.json, twilio_taskrouter.json and slack_app_manifest.schema.json: "
    "VENDOR_SPECS=/the/folder .venv/bin/python -m pytest"
)


def spec(name: str) -> Path:
    """Return the path of this file in `$VENDOR_SPECS`. Without that, skip the test and say how to
    run it."""
    if not (folder := os.environ.get("VENDOR_SPECS")):
        pytest.skip(HOW)
    return Path(folder, name)
