"""The sites that the first-run page shows are those that the extension knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from photoveil.settings.assistants import SITES

ROOT = Path(__file__).parents[2]


def test_they_are_the_manifests() -> None:
    page = ROOT.joinpath("daemon/photoveil/api/dashboard/welcome_sites.js").read_text("utf-8")
    shown = {
        host
        for entry in re.findall(r"site\('[^']+', (.+)\)", page)
        for host in re.findall(r"'([^']+)'", entry)
    }
    manifest = json.loads(ROOT.joinpath("extension/manifest.json").read_text("utf-8"))
    known = {
        pattern.removeprefix("https://").removeprefix("*.").removesuffix("/*")
        for pattern in manifest["host_permissions"]
    }
    assert shown == {host for host in known if not host.startswith("http:")} - SITES
