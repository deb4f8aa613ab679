"""Packs `extension/` for the stores: `build.py [--out DIRECTORY]`; with `--system` for packages of a system.

Writes photoveil-chromium-VERSION.zip and photoveil-firefox-VERSION.xpi. The same sources give the same bytes on any
machine: files in one order, one time, one mode, and stored as they are, because compressed bytes differ between
versions of zlib. Both hold the very files that the tests load; only the manifest leaves out what the other browser
needs.

A package of a system puts folders where the system's browsers find them, and beside them a program that a browser may
start for this very copy. So its manifest has that permission, and a script on the daemon's own pages that asks for it.
"""

import argparse
import json
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from building import BuildError, grammar, report

SOURCES = Path(__file__).resolve().parents[2] / "extension"

# Read by the type checker alone.
LEFT_OUT = {"types.d.ts"}

# The first moment a ZIP file can name.
TIME = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644

Manifest = dict[str, object]


def for_chromium(manifest: Manifest) -> Manifest:
    """Without what is Firefox's: its event page and its store's settings."""
    kept = {key: value for key, value in manifest.items() if key != "browser_specific_settings"}
    return {**kept, "background": without(manifest["background"], "scripts")}


def for_firefox(manifest: Manifest) -> Manifest:
    """Without what is Chromium's: its service worker, and messages that Firefox has always cloned."""
    chromium_only = {"minimum_chrome_version", "message_serialization"}
    kept = {key: value for key, value in manifest.items() if key not in chromium_only}
    return {**kept, "background": without(manifest["background"], "service_worker")}


def for_system(manifest: Manifest) -> Manifest:
    """What a package puts into a browser: connected by the package's own program, with no code."""
    permissions, scripts = manifest["permissions"], manifest["content_scripts"]
    if not isinstance(permissions, list) or not isinstance(scripts, list):
        raise BuildError("extension/manifest.json: “permissions” and “content_scripts” are no lists.")
    first_run = {"matches": ["http://127.0.0.1/*"], "js": ["content/first_run.js"]}
    return {
        **manifest,
        "permissions": [*permissions, "nativeMessaging"],
        "content_scripts": [*scripts, first_run],
    }


def without(value: object, name: str) -> Manifest:
    """A copy of a part of the manifest that lacks one entry."""
    if not isinstance(value, dict):
        raise BuildError("extension/manifest.json: “background” is no object.")
    return {key: part for key, part in value.items() if key != name}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that ships, by its name in the package."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise BuildError(f"extension/{name} is a link; a package holds files alone.")
        hidden = any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and not hidden and name not in LEFT_OUT:
            found[name] = path.read_bytes()
    return found


def pack(target: Path, files: dict[str, bytes]) -> None:
    """Write one package, whole or not at all."""
    unfinished = target.with_name(target.name + ".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(files, key=str.encode):
            entry = zipfile.ZipInfo(name, TIME)
            entry.create_system = 3  # the mode below is a Unix one, on every system
            entry.external_attr = MODE << 16
            package.writestr(entry, files[name])
    unfinished.replace(target)


def read(sources: Path) -> tuple[dict[str, bytes], Manifest, str]:
    """Every file that ships, the manifest and its version."""
    files = contents(sources)
    try:
        manifest: Manifest = json.loads(files["manifest.json"])
        return files, manifest, str(manifest["version"])
    except (KeyError, ValueError) as error:
        raise BuildError(f"extension/manifest.json cannot be read: {error}") from error


def written(manifest: Manifest) -> bytes:
    """A manifest as a file."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def lay(sources: Path, out: Path) -> list[Path]:
    """Both browsers' folders for a package of a system, written to `out`."""
    files, manifest, _version = read(sources)
    folders = []
    for name, made in (("chromium", for_chromium(manifest)), ("firefox", for_firefox(manifest))):
        for path, content in {**files, "manifest.json": written(for_system(made))}.items():
            target = out / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        folders.append(out / name)
    return folders


def build(sources: Path, out: Path) -> list[Path]:
    """Both packages, written to `out`."""
    files, manifest, version = read(sources)
    out.mkdir(parents=True, exist_ok=True)
    packages = []
    for name, made in (
        (f"photoveil-chromium-{version}.zip", for_chromium(manifest)),
        (f"photoveil-firefox-{version}.xpi", for_firefox(manifest)),
    ):
        pack(out / name, {**files, "manifest.json": written(made)})
        packages.append(out / name)
    return packages


def main() -> int:
    """Build, and say what came out."""
    parser = grammar("Packs the extension for Chromium and Firefox.")
    parser.add_argument("--sources", type=Path, default=SOURCES, help=argparse.SUPPRESS)
    parser.add_argument("--system", action="store_true", help="folders for a package of a system")
    wishes = parser.parse_args()
    return report(lambda: (lay if wishes.system else build)(wishes.sources, wishes.out))


if __name__ == "__main__":
    sys.exit(main())
