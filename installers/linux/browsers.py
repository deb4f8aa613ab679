"""What the Debian package puts into the system's Chromium and Firefox: the extension, and the program that connects it.

Chromium's launcher reads /etc/chromium.d; Debian's Firefox takes unsigned add-ons from /usr/share/mozilla. Both start
the program that a file of the system names, for the extension that the same file names, and for no other.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(__file__).resolve().parent / "package"
FOLDERS = "/usr/share/photoveil/extension/system"
PROGRAM = "app.photoveil.browser"
"""As extension/background/provided.js calls it."""
HOST = "/usr/libexec/photoveil/browser-host"
FIREFOX = "{ec8030f7-c20a-464f-9b0e-13a3a9e97384}"
"""Firefox's own id, by which it looks for add-ons of the system."""


def provide(tree: Path) -> None:
    """Into the package's `tree`."""
    folders = tree / FOLDERS.lstrip("/")
    command = [sys.executable, str(ROOT / "installers" / "extension" / "build.py"), "--system"]
    subprocess.run([*command, "--out", str(folders)], check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads((folders / "firefox" / "manifest.json").read_text(encoding="utf-8"))
    gecko = str(manifest["browser_specific_settings"]["gecko"]["id"])
    link = tree / "usr/share/mozilla/extensions" / FIREFOX / gecko
    link.parent.mkdir(parents=True)
    link.symlink_to("../../../photoveil/extension/system/firefox")
    _place(tree / "etc/chromium.d/photoveil", (PACKAGE / "chromium").read_text(encoding="utf-8"))
    _place(tree / "etc/firefox-esr/photoveil.js", (PACKAGE / "firefox").read_text(encoding="utf-8"))
    _place(tree / HOST.lstrip("/"), (PACKAGE / "browser-host").read_text(encoding="utf-8"), 0o755)
    origin = f"chrome-extension://{unpacked_id(f'{FOLDERS}/chromium')}/"
    hosts = f"native-messaging-hosts/{PROGRAM}.json"
    _place(tree / "etc/chromium" / hosts, host_file(HOST, allowed_origins=[origin]))
    _place(tree / "usr/lib/mozilla" / hosts, host_file(HOST, allowed_extensions=[gecko]))


def host_file(program: str, **callers: list[str]) -> str:
    """What tells a browser which program it may start, and for whom."""
    told = {
        "name": PROGRAM,
        "description": "Connects the extension with Photoveil",
        "path": program,
        "type": "stdio",
        **callers,
    }
    return json.dumps(told, indent=2) + "\n"


def unpacked_id(folder: str) -> str:
    """How Chromium calls an extension that it loads from this folder: half of the path's SHA-256, in letters."""
    half = hashlib.sha256(folder.encode()).hexdigest()[:32]
    return half.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def _place(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
