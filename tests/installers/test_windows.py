"""The installer for Windows: built here and read back file by file. tests/system/test_windows_installer.py runs it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import zipfile
from pathlib import Path, PureWindowsPath
from typing import Any

import platformdirs
import platformdirs.windows
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.install.environment import release_of
from photoveil.paths import Paths, models_dir
from tests.installers.index import Index
from tests.installers.tools import CACHE, INSTALLERS, ROOT, load, needs

windows: Any = load("photoveil_windows_build", INSTALLERS / "windows" / "build.py")
payload: Any = load("payload", INSTALLERS / "common" / "payload.py")
layout: Any = load("layout", INSTALLERS / "common" / "layout.py")
SCRIPT = (INSTALLERS / "windows" / "photoveil.nsi").read_text(encoding="utf-8")
LAUNCHER = (INSTALLERS / "windows" / "launcher.nsi").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Built by the command that releases use, compressed less."""
    out = tmp_path_factory.mktemp("windows")
    made: Path = windows.build(out, CACHE, wheel, quick=True)
    return made


@pytest.fixture(scope="module")
def unpacked(installer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What 7-Zip finds in it."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["7zz", "x", "-y", f"-o{folder}", str(installer)], check=True, capture_output=True)
    return folder


def properties(program: Path) -> str:
    """What the Explorer shows of a program's version."""
    command = ["7zz", "e", "-so", "-tPE", str(program), ".rsrc/version.txt", ".rsrc/*/version.txt"]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-16")


@needs("makensis", "7zz")
def test_the_installer_brings_exactly_what_was_staged(unpacked: Path, tmp_path: Path) -> None:
    (wheel,) = (unpacked / "wheels").glob("*.whl")
    windows.stage(tmp_path, CACHE, wheel)

    def files(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and "$PLUGINSDIR" not in path.parts
        }

    brought = files(unpacked)
    assert brought.pop("Photoveil.exe")
    assert brought.pop("Uninstall.exe")
    assert brought == files(tmp_path)


@needs("makensis", "7zz")
def test_the_wheel_inside_is_whole_and_its_release_is_the_one_that_the_environment_will_bear(
    unpacked: Path,
) -> None:
    (wheel,) = (unpacked / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        assert package.testzip() is None
        names = package.namelist()
    assert {"photoveil/install/__main__.py", "photoveil/errors.py", "photoveil/cli/__main__.py"} <= set(names)
    found = layout.Layout.of(unpacked, windows=True)
    assert found.release == release_of(wheel)


@needs("makensis", "7zz")
def test_the_extension_inside_is_the_one_for_the_stores_and_unpacked_for_chromium(unpacked: Path) -> None:
    folder = unpacked / "extension"
    (packed,) = folder.glob("photoveil-chromium-*.zip")
    with zipfile.ZipFile(packed) as package:
        inside = {name: package.read(name) for name in package.namelist()}
    lies = folder / "chromium"
    assert inside == {
        path.relative_to(lies).as_posix(): path.read_bytes() for path in lies.rglob("*") if path.is_file()
    }
    assert "service_worker" in json.loads(inside["manifest.json"])["background"]
    assert list(folder.glob("photoveil-firefox-*.xpi"))


@needs("makensis", "7zz")
def test_both_programs_are_64_bit_and_bear_the_version(installer: Path, unpacked: Path) -> None:
    for program in (installer, unpacked / "Photoveil.exe"):
        told = properties(program)
        assert re.search(rf'"ProductVersion",\s+"{re.escape(payload.version())}"', told)
        listed = subprocess.run(
            ["7zz", "l", "-tPE", str(program)], check=True, capture_output=True, text=True
        )
        assert "CPU = x64" in listed.stdout


@needs("makensis")
def test_a_script_with_a_mistake_makes_no_installer_and_leaves_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.nsi"
    wrong.write_text(LAUNCHER.replace("Call HandOver", "Call HandUnder"), encoding="utf-8")
    with pytest.raises(payload.BuildError, match="HandUnder"):
        windows.compile_script(wrong, tmp_path / "out.exe", {"PYTHON": "3.11.18", "BUILD": "20261110"})
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.nsi"]


def test_another_uv_than_the_pinned_one_is_not_taken(tmp_path: Path) -> None:
    kept = tmp_path / f"uv-{payload.pins().uv}-windows-x64.whl"
    kept.write_bytes(b"something else")
    with pytest.raises(payload.BuildError, match="SHA-256"):
        payload.fetch_uv("windows-x64", tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_wheel_of_another_version_is_not_taken(tmp_path: Path) -> None:
    other = tmp_path / "photoveil-99.0-py3-none-any.whl"
    other.write_bytes(b"")
    with pytest.raises(payload.BuildError, match="is not the wheel of"):
        payload.add_wheel(tmp_path / "out", other)


_NAMES = st.text("abc-_.$ ü", min_size=1, max_size=8).filter(lambda name: name.strip(". ") == name)


@given(
    st.sets(st.tuples(_NAMES, _NAMES, _NAMES) | st.tuples(_NAMES, _NAMES) | st.tuples(_NAMES), max_size=12)
)
def test_every_file_that_is_written_is_deleted_again_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, names: set[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    for parts in names:
        path = folder.joinpath("payload", *parts)
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    (folder / "payload").mkdir(exist_ok=True)
    windows.lists(folder / "payload", folder)

    written, current = set(), ""
    for line in (folder / "files.nsh").read_text(encoding="utf-8").splitlines():
        word, text = line.split(" ", 1)
        if word == "SetOutPath":
            current = text.strip('"')
        elif word == "File":
            written.add(current + "\\" + Path(text.strip('"')).name)
    gone = (folder / "gone.nsh").read_text(encoding="utf-8").splitlines()
    deleted = [line.split(" ", 1)[1].strip('"') for line in gone if line.startswith("Delete ")]
    assert len(deleted) == len(set(deleted))
    assert set(deleted) == written
    assert len(written) == sum(path.is_file() for path in (folder / "payload").rglob("*"))
    # A folder goes only when it is empty, and after those inside it.
    folders = [line.split(" ", 1)[1].strip('"') for line in gone if line.startswith("RMDir ")]
    assert folders == sorted(folders, key=lambda name: folders.index(name))
    for number, name in enumerate(folders):
        assert not any(later.startswith(name + "\\") for later in folders[number + 1 :])


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.1.0", "0.1.0.0"), ("1.2", "1.2.0.0"), ("0.2.0rc1", "0.2.0.0"), ("3.0.0.dev4", "3.0.0.0")],
)
def test_versions_as_windows_wants_them(version: str, expected: str) -> None:
    assert windows.numbers(version) == expected


def test_what_the_uninstaller_leaves_is_where_photoveil_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the program does not lie in it, nor it in the program: Windows knows no difference of case."""
    local = r"C:\Users\anna\AppData\Local"
    monkeypatch.setenv("LOCALAPPDATA", local)
    monkeypatch.setenv("USERPROFILE", r"C:\Users\anna")
    monkeypatch.delenv("PHOTOVEIL_HOME", raising=False)
    monkeypatch.delenv("PHOTOVEIL_MODELS", raising=False)
    monkeypatch.setattr(
        platformdirs.windows, "_RESOLVE_WIN_FOLDER", platformdirs.windows.get_win_folder_from_env_vars
    )
    monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.windows.Windows)
    ours = Paths.of()
    program = re.search(r'^InstallDir "\$LOCALAPPDATA\\(.*)"$', SCRIPT, re.M)
    data = re.search(r'^!define DATA "\$LOCALAPPDATA\\(.*)"$', SCRIPT, re.M)
    assert program is not None
    assert data is not None
    kept = PureWindowsPath(local, data[1])
    installed = PureWindowsPath(local, program[1])
    for folder in (ours.config, ours.state, ours.cache, ours.logs, models_dir()):
        there = PureWindowsPath(folder)
        assert there.is_relative_to(kept)
        assert not there.is_relative_to(installed)
        assert not installed.is_relative_to(there)


def test_the_uninstaller_empties_only_folders_that_the_set_up_fills(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "photoveil-1-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "wheels" / "release").write_text("1 abc\n", encoding="utf-8")
    places = layout.Layout.of(tmp_path, windows=True)
    emptied = set(re.findall(r'^\s*RMDir /r "\$INSTDIR\\(.*)"$', SCRIPT, re.M))
    assert emptied == {"environment", "environment.free", "downloads", "python"}
    assert places.environment == tmp_path / "environment"
    assert places.python == tmp_path / "environment" / "venv" / "Scripts" / "python.exe"
    assert places.extension == tmp_path / "extension"


def test_nothing_asks_for_an_administrator_or_writes_outside_the_users_own_registry() -> None:
    for script in (SCRIPT, LAUNCHER):
        assert "RequestExecutionLevel user" in script
        assert not re.search(r"\b(HKLM|HKCR|SHCTX|HKEY_LOCAL_MACHINE)\b|SetShellVarContext all", script)


@needs("curl")
def test_a_python_that_was_cut_off_is_gone_on_with(index: Index, tmp_path: Path) -> None:
    """What the launcher tells Windows' curl, told to the curl that is here."""
    said = re.search(r'curl\.exe" (.*) --output "\$\{KEPT\}" "\$\{SOURCE\}"\'', LAUNCHER)
    assert said is not None
    content = b"python" * 100_000
    (index.folder / "python.tar.gz").write_bytes(content)
    kept = tmp_path / "kept.tar.gz"
    words = shlex.split(
        said[1].replace("--proto =https", "--proto =http")
    )  # the index here has no certificate

    def fetch() -> tuple[int, str]:
        address = f"{index.address}/simple/files/python.tar.gz"
        command = ["curl", *words, "--output", str(kept), address]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout[-3:]

    index.cut = lambda: 250_000
    assert [fetch()[0] for _ in range(2)] == [18, 18]
    assert kept.stat().st_size == 500_000
    assert fetch() == (0, "206")
    assert kept.read_bytes() == content
    assert index.ranges == ["bytes=250000-", "bytes=500000-"]
    assert fetch()[1] == "416"  # it was whole already
    assert kept.read_bytes() == content
    refused = subprocess.run(
        ["curl", *shlex.split(said[1]), "--output", str(tmp_path / "x"), index.address],
        capture_output=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1  # nothing that anybody on the way could have altered


def test_powershell_scripts_parse() -> None:
    powershell = pytest.importorskip("tree_sitter_powershell")
    tree_sitter = pytest.importorskip("tree_sitter")
    parser = tree_sitter.Parser(tree_sitter.Language(powershell.language()))
    scripts = sorted((ROOT / "installers").rglob("*.ps1"))
    assert scripts
    for script in scripts:
        assert not parser.parse(script.read_bytes()).root_node.has_error, script.name
    assert parser.parse(b"if ($x { Write-Output 'a' }").root_node.has_error  # it would see a mistake


def test_the_icon_has_the_sizes_that_windows_asks_for() -> None:
    from PIL import Image

    with Image.open(INSTALLERS / "windows" / "photoveil.ico") as icon:
        assert {(16, 16), (32, 32), (48, 48), (256, 256)} <= icon.info["sizes"]
    with Image.open(INSTALLERS / "windows" / "side.bmp") as side:
        assert side.size == (164, 314)  # what the pages show without magnification
