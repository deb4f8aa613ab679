"""The installer for Windows, really run: installed, started, replaced, refused, removed. Wine is the Windows here.

What Wine cannot show is tried on hosted machines (installers/windows/smoke.ps1): Python, the set-up, the daemon.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from photoveil.autostart import RUN_KEY, _arguments
from tests.installers.tools import CACHE, INSTALLERS, heavy, load, needs
from tests.screens import screen
from tests.system.wine import WINE, Windows, called, stand_in

pytestmark = [
    heavy,
    needs("makensis", "Xvfb"),
    pytest.mark.skipif(WINE is None, reason="not installed: wine64"),
    pytest.mark.timeout(1200),
]

windows_build: Any = load("photoveil_windows_build", INSTALLERS / "windows" / "build.py")
payload: Any = load("payload", INSTALLERS / "common" / "payload.py")

UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\Photoveil"
VERSION = payload.version()


def until(found: Callable[[], Any], seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The installer of this version, and of a later one that brings other files."""
    folder = tmp_path_factory.mktemp("built")
    staged = folder / "payload"
    windows_build.stage(staged, CACHE, None)
    found = {}
    for version in (VERSION, "9.1.0"):
        if version != VERSION:  # as if files had come and gone since
            (staged / "setup" / "commands.cmd").unlink()
            (staged / "new in 9").mkdir()
            (staged / "new in 9" / "größer.txt").write_bytes(b"new")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(windows_build, "version", lambda version=version: version)
            launcher = staged / "Photoveil.exe"
            windows_build.compile_launcher(launcher)
            windows_build.lists(staged, folder / "lists")
            found[version] = windows_build.compile_script(
                INSTALLERS / "windows" / "photoveil.nsi",
                folder / f"photoveil-{version}.exe",
                {"PAYLOAD": staged, "LISTS": folder / "lists", "QUICK": "1"},
            )
        found[f"files of {version}"] = shutil.copytree(staged, folder / f"files-{version}")
    return found


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with screen(1024, 768, tmp_path_factory.mktemp("screen")) as name:
        yield name


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, display: str) -> Windows:
    return Windows(tmp_path_factory.mktemp("windows"), display)


@pytest.fixture
def windows(fresh: Windows, built: dict[str, Path]) -> Iterator[Windows]:
    """Photoveil installed, by the command that does it without questions."""
    assert fresh.run(built[VERSION], "/S") == 0
    yield fresh
    program = fresh.local / "Programs" / "Photoveil"
    if (program / "Uninstall.exe").exists():
        remove(fresh, program)
    shutil.rmtree(program, ignore_errors=True)
    shutil.rmtree(fresh.local / "photoveil", ignore_errors=True)


def remove(windows: Windows, program: Path) -> None:
    """As Windows' settings do it: the uninstaller goes on from a copy of itself, so that it can go, too."""
    assert windows.run(program / "Uninstall.exe", "/S") == 0
    until(lambda: not (program / "Uninstall.exe").exists())


def at(path: Path) -> str:
    """A path below the C: drive, as Windows writes it."""
    text = str(path)
    return "C:" + text[text.index("/drive_c") + len("/drive_c") :].replace("/", "\\")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def program_of(windows: Windows) -> Path:
    return windows.local / "Programs" / "Photoveil"


def give_data(windows: Windows) -> dict[str, bytes]:
    """What a user has after a while, where photoveil.paths puts it."""
    data = windows.local / "photoveil"
    for name in (
        "default/settings.toml",
        "default/vault/1.enc",
        "models/standard/x",
        "Logs/default/daemon.log",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(name.encode())
    return files(data)


def give_environment(windows: Windows) -> Path:
    """As if it had been set up: a Python that notes how it is called."""
    program = program_of(windows)
    (program / "environment" / "release").parent.mkdir(exist_ok=True)
    (program / "environment" / "release").write_text("kept", encoding="utf-8")
    (program / "downloads").mkdir(exist_ok=True)
    (program / "downloads" / "half.part").write_bytes(b"")
    return stand_in(program / "environment" / "venv" / "Scripts" / "python.exe")


def give_runtime(windows: Windows) -> Path:
    """As if Python had been fetched."""
    folder = program_of(windows) / "python" / f"cpython-{payload.pins().python}-windows-x86_64-none"
    runtime = stand_in(folder / "pythonw.exe")
    (folder / ".complete").write_bytes(b"")
    return runtime


def test_it_installs_for_one_user_exactly_what_it_should_and_tells_windows(
    windows: Windows, built: dict[str, Path]
) -> None:
    program = program_of(windows)
    brought = files(program)
    assert brought.pop("Uninstall.exe")
    assert brought == files(built[f"files of {VERSION}"])
    there = at(program)
    told = windows.registry(UNINSTALL)
    assert told["DisplayName"] == "Photoveil"
    assert told["DisplayVersion"] == VERSION
    assert told["InstallLocation"] == there
    assert told["UninstallString"] == f'"{there}\\Uninstall.exe"'
    assert told["QuietUninstallString"] == f'"{there}\\Uninstall.exe" /S'
    assert told["DisplayIcon"] == f"{there}\\Photoveil.exe,0"
    assert told["Publisher"] == "The Photoveil project"
    assert told["NoModify"] == told["NoRepair"] == "0x1"
    kilobytes = sum(len(data) for name, data in brought.items()) // 1024
    assert int(told["EstimatedSize"], 16) == kilobytes
    assert windows.registry(r"Software\Photoveil") == {"InstallDir": there}


def test_the_login_starts_what_photoveil_itself_would_write_there(windows: Windows) -> None:
    value = windows.registry(RUN_KEY)["Photoveil"]
    assert _arguments(value) == (f"{at(program_of(windows))}\\Photoveil.exe", "run", "--login")


def test_the_start_menu_leads_to_programs_that_are_there(windows: Windows) -> None:
    names = {path.name for path in windows.menu.iterdir()}
    assert names == {"Photoveil.lnk", "Photoveil command line.lnk"}
    link = (windows.menu / "Photoveil.lnk").read_bytes()
    assert f"{at(program_of(windows))}\\Photoveil.exe".encode() in link
    assert "open".encode("utf-16-le") in link
    shell = (windows.menu / "Photoveil command line.lnk").read_bytes()
    assert f'/k "{at(program_of(windows))}\\setup\\commands.cmd"'.encode("utf-16-le") in shell
    assert (program_of(windows) / "setup" / "commands.cmd").is_file()


def test_an_upgrade_keeps_data_environment_and_choices_and_leaves_no_old_file(
    windows: Windows, built: dict[str, Path]
) -> None:
    data, python = give_data(windows), give_environment(windows)
    windows.delete_value(RUN_KEY, "Photoveil")  # switched off in the dashboard
    assert windows.run(built["9.1.0"], "/S") == 0
    program = program_of(windows)
    assert all("-m photoveil.cli stop" in call for call in called(python))
    assert called(python)
    there = files(program)
    for name in ("environment/release", "environment/venv/Scripts/python.exe", "downloads/half.part"):
        assert name in there
    own = {
        name: data for name, data in there.items() if name.split("/")[0] not in ("environment", "downloads")
    }
    assert own.pop("Uninstall.exe")
    assert own == files(built["files of 9.1.0"])
    assert "setup/commands.cmd" not in own
    assert files(windows.local / "photoveil") == data
    assert windows.registry(UNINSTALL)["DisplayVersion"] == "9.1.0"
    assert "Photoveil" not in windows.registry(RUN_KEY)


def test_the_login_stays_on_through_an_upgrade(windows: Windows, built: dict[str, Path]) -> None:
    before = windows.registry(RUN_KEY)["Photoveil"]
    assert windows.run(built["9.1.0"], "/S") == 0
    assert windows.registry(RUN_KEY)["Photoveil"] == before


def test_an_older_version_is_refused_and_changes_nothing(windows: Windows, built: dict[str, Path]) -> None:
    assert windows.run(built["9.1.0"], "/S") == 0
    before = files(program_of(windows))
    assert windows.run(built[VERSION], "/S") == 3
    assert files(program_of(windows)) == before
    assert windows.registry(UNINSTALL)["DisplayVersion"] == "9.1.0"


def test_removing_it_leaves_the_users_data_and_what_others_put_there(windows: Windows) -> None:
    data = give_data(windows)
    give_environment(windows)
    give_runtime(windows)
    program = program_of(windows)
    (program / "notes of anna.txt").write_bytes(b"mine")
    (program / "setup" / "mine.txt").write_bytes(b"mine")
    windows.set_value(RUN_KEY, "Photoveil work", f'"{at(program)}\\Photoveil.exe" run --login --profile work')
    windows.set_value(RUN_KEY, "Photoveilish", "other.exe")
    windows.set_value(RUN_KEY, "Another", "another.exe")
    remove(windows, program)
    assert files(program) == {"notes of anna.txt": b"mine", "setup/mine.txt": b"mine"}
    assert files(windows.local / "photoveil") == data
    assert not windows.menu.exists()
    assert windows.registry(UNINSTALL) == {}
    assert windows.registry(r"Software\Photoveil") == {}
    assert set(windows.registry(RUN_KEY)) == {"Photoveilish", "Another"}


def test_without_anything_of_the_users_nothing_is_left(windows: Windows) -> None:
    program = program_of(windows)
    remove(windows, program)
    assert not program.exists()
    assert not (windows.local / "photoveil").exists()


def test_in_another_folder_it_leaves_the_other_files_alone(fresh: Windows, built: dict[str, Path]) -> None:
    folder = fresh.user / "Tools"
    folder.mkdir()
    (folder / "precious.txt").write_bytes(b"mine")
    assert fresh.run(built[VERSION], "/S", f"/D={at(folder)}") == 0
    assert (folder / "Photoveil.exe").is_file()
    remove(fresh, folder)
    assert files(folder) == {"precious.txt": b"mine"}


def test_it_never_installs_into_the_users_data(fresh: Windows, built: dict[str, Path]) -> None:
    data = give_data(fresh)
    assert fresh.run(built[VERSION], "/S", f"/D={at(fresh.local / 'Photoveil')}") == 0
    assert files(fresh.local / "photoveil") == data
    program = program_of(fresh)
    assert (program / "Photoveil.exe").is_file()
    remove(fresh, program)
    shutil.rmtree(fresh.local / "photoveil")


@pytest.mark.parametrize(
    "words", [["open"], [], ["run", "--login"], ["run", "--login", "--profile", "my work"], ["repair"]]
)
def test_the_launcher_hands_over_every_word_and_names_itself(windows: Windows, words: list[str]) -> None:
    runtime = give_runtime(windows)
    program = program_of(windows)
    assert windows.run(program / "Photoveil.exe", *words) == 0
    (call,) = called(runtime)
    command, launcher = call.split("|")
    there = at(program)
    assert launcher.lower() == f"{there}\\Photoveil.exe".lower()
    expected = [at(runtime), "-I", f"{there}\\setup\\start.py", *words]
    assert [word.lower() for word in _arguments(command)] == [word.lower() for word in expected]


def test_a_login_before_the_set_up_shows_nothing_and_fetches_nothing(windows: Windows) -> None:
    program = program_of(windows)
    uv = stand_in(program / "uv.exe")
    assert windows.run(program / "Photoveil.exe", "run", "--login") == 0
    assert called(uv) == []
    assert not (program / "python").exists()


def test_the_first_start_fetches_python_visibly_and_a_cut_is_mended_by_the_next(windows: Windows) -> None:
    """uv has a stand-in, which fails once after half of the files, then does what the real one does."""
    program = program_of(windows)
    pins = payload.pins()
    folder = f"$EXEDIR\\python\\cpython-{pins.python}-windows-x86_64-none"
    runtime = program / "python" / f"cpython-{pins.python}-windows-x86_64-none" / "pythonw.exe"
    ready = stand_in(program / "ready.exe")
    uv = stand_in(
        program / "uv.exe",
        f"""
  CreateDirectory "{folder}"
  CopyFiles /SILENT "$EXEDIR\\ready.exe" "{folder}\\pythonw.exe"
  IfFileExists "$EXEDIR\\tried" done
    FileOpen $3 "$EXEDIR\\tried" w
    FileClose $3
    SetErrorLevel 2
  done:""",
    )
    assert windows.run(program / "Photoveil.exe", "/S", "open") == 1
    assert not runtime.with_name(".complete").exists()
    assert called(runtime) == []  # a Python that was cut off half way is not run
    window = windows.begin(program / "Photoveil.exe", "open")
    assert window.wait(120) == 0
    until(lambda: called(runtime))
    windows.settle()
    first, second = called(uv)
    assert first == second
    assert "python install --no-config --no-bin --no-registry --reinstall" in second
    assert second.split("|")[0].endswith(f"cpython-{pins.python}-windows-x86_64-none")
    assert called(runtime)[0].split("|")[0].endswith('setup\\start.py" open')
    assert ready.exists()


@pytest.fixture
def curl(windows: Windows) -> Iterator[Callable[[str], Path]]:
    """Windows' own curl, which Wine lacks: what it does, in NSIS's language; $5 is the file that it fetches."""
    program = windows.local.parents[2].parent / "windows" / "system32" / "curl.exe"
    assert not program.exists()
    pins = payload.pins()
    mirror = f"{at(program_of(windows))}\\downloads\\mirror\\{pins.build}"
    name = f"cpython-{pins.python}+{pins.build}-x86_64-pc-windows-msvc-install_only_stripped.tar.gz"
    yield lambda does: stand_in(program, f'  StrCpy $5 "{mirror}\\{name}"\n{does}')
    program.unlink()
    program.with_name("called.txt").unlink(missing_ok=True)


def test_a_cut_is_gone_on_with_and_a_file_that_uv_refuses_is_fetched_anew(
    windows: Windows, curl: Callable[[str], Path]
) -> None:
    program = program_of(windows)
    folder = f"$EXEDIR\\python\\cpython-{payload.pins().python}-windows-x86_64-none"
    downloads = program / "downloads" / "mirror"
    stand_in(program / "ready.exe")
    makes = f"""
  CreateDirectory "{folder}"
  CopyFiles /SILENT "$EXEDIR\\ready.exe" "{folder}\\pythonw.exe"
"""
    refuses = f"""
  IfFileExists "$EXEDIR\\downloads\\mirror\\{payload.pins().build}\\*.tar.gz" 0 take
    SetErrorLevel 1
    Quit
  take:
"""
    appends = """
  FileOpen $6 $5 a
  FileSeek $6 0 END
  FileWrite $6 "half"
  FileClose $6
"""
    uv = stand_in(program / "uv.exe", makes)
    fetches = curl(appends + "  SetErrorLevel 18")
    assert windows.run(program / "Photoveil.exe", "/S", "open") == 1
    assert called(uv) == []
    (kept,) = downloads.rglob("*.tar.gz")
    assert kept.read_bytes() == b"half"

    curl(appends)
    assert windows.run(program / "Photoveil.exe", "/S", "open") == 0
    assert [call for call in called(fetches) if "--continue-at -" not in call] == []
    (call,) = called(uv)
    assert f'--mirror "file:///{at(program)}\\downloads\\mirror"' in call
    assert (program / "python").is_dir()
    assert not downloads.exists()

    shutil.rmtree(program / "python")
    (program / "called.txt").unlink()
    stand_in(uv, refuses + makes)
    assert windows.run(program / "Photoveil.exe", "/S", "open") == 0
    first, second = called(uv)
    assert "--mirror" in first
    assert "--mirror" not in second


def test_a_running_photoveil_that_does_not_stop_is_not_replaced(
    windows: Windows, built: dict[str, Path]
) -> None:
    """Wine lets folders in use be renamed, so the rename is kept from working by a file in its way."""
    give_environment(windows)
    program = program_of(windows)
    (program / "environment.free").write_bytes(b"")
    before = {name for name in files(program) if "called" not in name}
    assert windows.run(built["9.1.0"], "/S") != 0
    assert {name for name in files(program) if "called" not in name} == before
    assert windows.registry(UNINSTALL)["DisplayVersion"] == VERSION
    (program / "environment.free").unlink()


@needs("osslsigncode")
def test_with_a_certificate_all_three_programs_are_signed(
    tmp_path: Path, built: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Photoveil-test"
    use = ["-addext", "extendedKeyUsage=codeSigning", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *use], check=True, capture_output=True)
    signer = tmp_path / "sign"
    signer.write_text(
        f'#!/bin/sh\nset -e\nosslsigncode sign -certs {certificate} -key {key} -n Photoveil -in "$1" -out "$1.signed"\n'
        'mv "$1.signed" "$1"\n',
        encoding="utf-8",
    )
    signer.chmod(0o755)
    monkeypatch.setenv(windows_build.SIGN_VARIABLE, f'"{signer}" "%1"')
    (wheel,) = (built[f"files of {VERSION}"] / "wheels").glob("*.whl")
    installer = windows_build.build(tmp_path / "out", CACHE, wheel, quick=True)
    subprocess.run(
        ["7zz", "x", "-y", f"-o{tmp_path / 'in'}", str(installer)], check=True, capture_output=True
    )
    for program in (installer, tmp_path / "in" / "Photoveil.exe", tmp_path / "in" / "Uninstall.exe"):
        told = subprocess.run(
            ["osslsigncode", "verify", "-CAfile", str(certificate), str(program)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Signature verification: ok" in told.stdout, (program.name, told.stdout)
