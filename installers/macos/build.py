"""Builds Photoveil.app, and on a Mac the disk image and the package: `build.py [--out DIRECTORY] [--app-only]`.

What needs a Mac are the launcher's compiler, the Python inside the app, signing and packing; the bundle itself is put
together by `assemble`, anywhere. Signing and notarisation: see package.sh and installers/README.md.
"""

import platform
import plistlib
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from building import ROOT, BuildError, fetching_grammar, report
from payload import add_extension, add_setup, add_wheel, fetch_uv, pins, run, version

HERE = Path(__file__).resolve().parent
IDENTIFIER = "app.photoveil.Photoveil"
# Apple's own processors alone: PyTorch has made nothing for Macs with Intel ones since 2.2, and Photoveil needs 2.4.
OLDEST_SYSTEM = "13.0"
TARGET = ("-arch", "arm64", f"-mmacosx-version-min={OLDEST_SYSTEM}")


def information(release: str) -> dict[str, object]:
    """The bundle's Info.plist."""
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": "Photoveil",
        "CFBundleExecutable": "Photoveil",
        "CFBundleIconFile": "photoveil.icns",
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": "Photoveil",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": release,
        "CFBundleVersion": release,
        "LSApplicationCategoryType": "public.app-category.photography",
        "LSArchitecturePriority": ["arm64"],
        "LSMinimumSystemVersion": OLDEST_SYSTEM,
        "LSUIElement": True,  # it lives in the menu bar, not in the Dock
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": "The Photoveil project, Apache License 2.0",
        "NSDesktopFolderUsageDescription": "Photoveil protects the photos in folders that you chose.",
        "NSDocumentsFolderUsageDescription": "Photoveil protects the photos in folders that you chose.",
        "NSDownloadsFolderUsageDescription": "Photoveil protects the photos in folders that you chose.",
        "NSRemovableVolumesUsageDescription": "Photoveil protects the photos in folders that you chose.",
    }


def assemble(out: Path, launcher: Path, python: Path, wheel: Path | None = None) -> Path:
    """Photoveil.app in the folder `out`.

    Args:
        launcher: compiled of launcher.c.
        python: the folder of a whole Python, with bin/python3.11 in it.
        wheel: Photoveil's; built of this tree where none is given.
    """
    app = out / "Photoveil.app"
    if app.exists():
        shutil.rmtree(app)
    contents = app / "Contents"
    resources = contents / "Resources"
    resources.mkdir(parents=True)
    (contents / "Info.plist").write_bytes(plistlib.dumps(information(version())))
    (contents / "PkgInfo").write_text("APPL????", encoding="ascii")
    (contents / "MacOS").mkdir()
    program = Path(shutil.copy2(launcher, contents / "MacOS" / "Photoveil"))
    program.chmod(0o755)
    shutil.copytree(python, resources / "python", symlinks=True)
    shutil.copy2(HERE / "photoveil.icns", resources)
    shutil.copy2(ROOT / "LICENSE", resources)
    shutil.copy2(HERE / "uninstall.command", resources)
    add_wheel(resources / "wheels", wheel)
    add_setup(resources / "setup")
    add_extension(resources / "extension")
    return app


def compile_launcher(out: Path, *compiler: str) -> Path:
    """The launcher, by a C compiler for macOS."""
    name = "python" + ".".join(pins().python.split(".")[:2])
    strict = ("-O2", "-Wall", "-Wextra", "-Werror", f'-DPYTHON="{name}"')
    run(*(compiler or ("xcrun", "clang", *TARGET)), *strict, HERE / "launcher.c", "-o", out)
    return out


def fetch_python(folder: Path, cache: Path) -> Path:
    """The pinned Python for Macs, by the pinned uv, which checks its SHA-256; compiled, as the app must not change."""
    uv = fetch_uv("macos-arm64", cache, folder / "uv")
    request = f"cpython-{pins().python}-macos-aarch64-none"
    places = ("--install-dir", folder / "python", "--cache-dir", cache / "uv")
    run(uv, "python", "install", "--no-config", "--no-bin", "--compile-bytecode", *places, request)
    return folder / "python" / request


def build(out: Path, cache: Path, wheel: Path | None, *, app_only: bool) -> list[Path]:
    """What was made in the folder `out`."""
    if platform.system() != "Darwin":
        raise BuildError("The app is built on a Mac: only there are its compiler and its signatures.")
    with tempfile.TemporaryDirectory(prefix="photoveil-macos-") as name:
        work = Path(name)
        launcher = compile_launcher(work / "Photoveil")
        app = assemble(out if app_only else work / "app", launcher, fetch_python(work, cache), wheel)
        if app_only:
            return [app]
        run(HERE / "package.sh", app, out, version())
        return [out / f"photoveil-{version()}-macos-arm64.{kind}" for kind in ("dmg", "pkg")]


def main() -> int:
    """Build, and say what came out."""
    parser = fetching_grammar("Builds Photoveil for macOS.")
    parser.add_argument("--app-only", action="store_true", help="neither sign nor pack")
    wishes = parser.parse_args()
    out, cache = wishes.out.resolve(), wishes.cache.resolve()
    return report(lambda: build(out, cache, wishes.wheel, app_only=wishes.app_only))


if __name__ == "__main__":
    sys.exit(main())
