"""Builds the installer for Windows: dist/photoveil-VERSION-windows-x64.exe. Runs on Linux, macOS and Windows.

Needs `makensis` (Debian: nsis) and pip. PHOTOVEIL_WINDOWS_SIGN, where it is set, is a command that signs a file in
place, with "%1" where its name goes; launcher, uninstaller and installer are signed with it:
see installers/README.md.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from building import ROOT, fetching_grammar, report
from payload import add_extension, add_setup, add_wheel, fetch_uv, pins, run, version

HERE = Path(__file__).resolve().parent
SIGN_VARIABLE = "PHOTOVEIL_WINDOWS_SIGN"


def numbers(of: str) -> str:
    """A version as Windows wants it: four numbers, of which ours are the first; `0.2.0rc1` counts as `0.2.0`."""
    found = []
    for part in of.split(".")[:3]:
        digits = part[: next((i for i, sign in enumerate(part) if not sign.isdigit()), len(part))]
        found.append(digits or "0")
    return ".".join([*found, *["0"] * (4 - len(found))])


def stage(folder: Path, cache: Path, wheel: Path | None) -> None:
    """Everything that the installer brings, but for Photoveil.exe, as it will lie on the user's machine."""
    add_wheel(folder / "wheels", wheel)
    add_setup(folder / "setup")
    for name in ("commands.cmd", "photoveil.ico"):
        shutil.copy2(HERE / name, folder / "setup")
    add_extension(folder / "extension")
    licences = folder / "licences"
    fetch_uv("windows-x64", cache, licences).replace(folder / "uv.exe")
    shutil.copy2(ROOT / "LICENSE", licences / "Photoveil.txt")


def lists(payload: Path, folder: Path) -> None:
    """What the scripts include: which files to write, and which to delete again, nothing else."""
    files = sorted(path.relative_to(payload) for path in payload.rglob("*") if path.is_file())
    folders = {parent for file in files for parent in file.parents if parent != Path()}
    written, current = [], None
    for file in sorted(files, key=lambda path: (path.parent, path)):
        if file.parent != current:
            current = file.parent
            written.append(f'SetOutPath "{_there(current)}"')
        written.append(f'File "{_here(payload / file)}"')
    gone = [f'Delete "{_there(file)}"' for file in files]
    gone += [f'RMDir "{_there(path)}"' for path in sorted(folders, reverse=True)]
    kilobytes = sum((payload / file).stat().st_size for file in files) // 1024
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "files.nsh", written)
    _write(folder / "gone.nsh", gone)
    _write(folder / "kilobytes.nsh", [f"!define KILOBYTES {kilobytes}"])


def _there(path: Path) -> str:
    return "\\".join(["$INSTDIR", *(part.replace("$", "$$") for part in path.parts)])


def _here(path: Path) -> str:
    return str(path).replace("$", "$$")


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def compile_script(script: Path, out: Path, defines: dict[str, str | Path]) -> Path:
    """One .exe by NSIS, without a single warning; whole or not at all."""
    unfinished = out.with_name(out.stem + ".part.exe")
    given = {**defines, "OUT": unfinished, "HERE": HERE, "ICON": HERE / "photoveil.ico"}
    given |= {"VERSION": version(), "NUMBERS": numbers(version())}
    if sign := os.environ.get(SIGN_VARIABLE):
        given["SIGN"] = sign
    words = [f"-D{name}={value}" for name, value in given.items()]
    try:
        run("makensis", "-NOCD", "-WX", "-V2", "-INPUTCHARSET", "UTF8", *words, script)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return out


def compile_launcher(out: Path) -> Path:
    """Photoveil.exe, which knows which Python it fetches."""
    return compile_script(HERE / "launcher.nsi", out, {"PYTHON": pins().python, "BUILD": pins().build})


def build(out: Path, cache: Path, wheel: Path | None = None, *, quick: bool = False) -> Path:
    """The installer in the folder `out`.

    Args:
        cache: where the pinned uv is kept between builds.
        wheel: Photoveil's; built of this tree where none is given.
        quick: compressed less, for tests.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="photoveil-windows-") as name:
        payload, included = Path(name, "payload"), Path(name, "lists")
        stage(payload, cache, wheel)
        compile_launcher(payload / "Photoveil.exe")
        lists(payload, included)
        defines: dict[str, str | Path] = {"PAYLOAD": payload, "LISTS": included}
        target = out / f"photoveil-{version()}-windows-x64.exe"
        return compile_script(HERE / "photoveil.nsi", target, defines | ({"QUICK": "1"} if quick else {}))


def main() -> int:
    """Build, and say what came out."""
    parser = fetching_grammar("Builds Photoveil's installer for Windows.")
    parser.add_argument("--quick", action="store_true", help="compress less, for trying out")
    wishes = parser.parse_args()
    out, cache = wishes.out.resolve(), wishes.cache.resolve()
    return report(lambda: [build(out, cache, wishes.wheel, quick=wishes.quick)])


if __name__ == "__main__":
    sys.exit(main())
