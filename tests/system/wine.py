"""A Windows for the installer: Wine with a home of its own. What Wine lacks (Python for Windows) has stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# Debian's package puts it there; its command `wine` wants the 32-bit half, too, which nothing here needs.
_PLACES = ("/usr/lib/wine/wine64", "/usr/lib/wine/wine64-preloader")
WINE = next((place for place in _PLACES if Path(place).exists()), None) or shutil.which("wine64")

_NOTE = """
Unicode true
Target amd64-unicode
SilentInstall silent
RequestExecutionLevel user
OutFile "{out}"
Section
  System::Call 'kernel32::GetCommandLineW() w.r0'
  ReadEnvStr $1 PHOTOVEIL_LAUNCHER
  FileOpen $2 "$EXEDIR\\called.txt" a
  FileSeek $2 0 END
  FileWrite $2 "$0|$1$\\r$\\n"
  FileClose $2
{more}
SectionEnd
"""


class Windows:
    """One Windows user's home.

    Args:
        folder: where it lies.
        display: an X server for programs with windows; silent ones need none.
    """

    def __init__(self, folder: Path, display: str = "") -> None:
        assert WINE is not None
        self._prefix = folder / "wine"
        home = folder / "home"
        home.mkdir(parents=True)
        # No menu entries, no file associations on the real desktop; no offer to fetch parts of Wine.
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "USER": "anna",
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self._prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "winemenubuilder.exe,mscoree,mshtml=",
            **({"DISPLAY": display} if display else {}),
        }
        self.run("wineboot", "-i", seconds=240)
        self.run("winecfg", "-v", "win10")

    def run(self, *command: str | Path, seconds: int = 240) -> int:
        """Run a program and wait for it and all that it started; its exit code, of which Unix keeps eight bits."""
        words = [str(word) for word in command]
        done = subprocess.run(
            [str(WINE), *words], env=self._environ, capture_output=True, timeout=seconds, check=False
        )
        self.settle()
        return done.returncode

    def begin(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program with a window."""
        words = [str(word) for word in command]
        return subprocess.Popen([str(WINE), *words], env=self._environ, stderr=subprocess.DEVNULL)

    def settle(self) -> None:
        """Wait until no program runs any more."""
        assert WINE is not None
        subprocess.run(
            [str(Path(WINE).with_name("wineserver")), "-w"],
            env=self._environ,
            capture_output=True,
            timeout=240,
            check=False,
        )

    def registry(self, key: str) -> dict[str, str]:
        """The values of a key of this user, or nothing where it is not there."""
        done = subprocess.run(
            [str(WINE), "reg", "query", f"HKCU\\{key}"],
            env=self._environ,
            capture_output=True,
            timeout=120,
            check=False,
        )
        found = {}
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            parts = line.strip().split("    ", 2)
            if line.startswith("    ") and len(parts) == 3:
                found[parts[0]] = parts[2]
        return found

    def set_value(self, key: str, name: str, data: str) -> None:
        """Write a value."""
        self.run("reg", "add", f"HKCU\\{key}", "/v", name, "/d", data, "/f")

    def delete_value(self, key: str, name: str) -> None:
        """Delete a value."""
        self.run("reg", "delete", f"HKCU\\{key}", "/v", name, "/f")

    @property
    def user(self) -> Path:
        """The user's folder, as this system sees it."""
        (folder,) = [path for path in (self._prefix / "drive_c" / "users").iterdir() if path.name != "Public"]
        return folder

    @property
    def local(self) -> Path:
        """%LOCALAPPDATA%."""
        return self.user / "AppData" / "Local"

    @property
    def menu(self) -> Path:
        """Photoveil's folder in the Start menu."""
        return self.user / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Photoveil"


def stand_in(out: Path, more: str = "") -> Path:
    """A program that notes in ``called.txt`` beside it how it was called; then does ``more``, in NSIS's language."""
    out.parent.mkdir(parents=True, exist_ok=True)
    script = out.with_suffix(".nsi")
    script.write_text(_NOTE.format(out=out, more=more), encoding="utf-8")
    subprocess.run(["makensis", "-NOCD", "-V1", str(script)], check=True, capture_output=True)
    script.unlink()
    return out


def called(program: Path) -> list[str]:
    """How a stand-in was called: command line|PHOTOVEIL_LAUNCHER, oldest first."""
    note = program.with_name("called.txt")
    return note.read_text(encoding="latin-1").splitlines() if note.exists() else []
