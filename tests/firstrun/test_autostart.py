"""Starting at login: what each system reads, written and read back; and a real desktop's launcher that starts it."""

from __future__ import annotations

import contextlib
import json
import plistlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil import autostart, desktop_entry
from photoveil.autostart import AutostartError, LaunchAgent, RunValue, State
from photoveil.cli import main

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the desktop entry is Linux's way")
arguments = st.lists(
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1
)


def own(desktop: Path, name: str = "photoveil.desktop") -> Path:
    return desktop / "config" / "autostart" / name


def machine(desktop: Path, text: str) -> Path:
    file = desktop / "machine" / "autostart" / "photoveil.desktop"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


# Desktop entries.


@given(arguments)
def test_a_command_comes_back_as_it_was(command: list[str]) -> None:
    entry = desktop_entry.written({"Exec": desktop_entry.quoted(command)})
    assert desktop_entry.unquoted(desktop_entry.read(entry)["Exec"]) == command


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        desktop_entry.read,
        desktop_entry.unquoted,
        lambda one: desktop_entry.read(f"[Desktop Entry]\n{one}"),
    ):
        with contextlib.suppress(desktop_entry.EntryError):
            assert read(text)


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (["/usr/bin/photoveil", "run"], "/usr/bin/photoveil"),
        (["env", "A=1", "B=2", "/opt/photoveil", "run"], "/opt/photoveil"),
        (["/usr/bin/env", "photoveil"], "photoveil"),
        (["env"], "env"),
    ],
)
def test_the_program_behind_env(command: list[str], program: str) -> None:
    assert desktop_entry.program(command) == program


# Linux.


@on_linux
def test_on_and_off(desktop: Path, launcher: Path) -> None:
    assert autostart.status() == autostart.Status(State.OFF, str(own(desktop)))
    for _ in range(2):
        found = autostart.switch_on()
        assert (found.state, found.problem, found.by_package) == (State.ON, "", False)
        assert found.command == (str(launcher), "run", "--login")
    for _ in range(2):
        assert autostart.switch_off().state is State.OFF
    assert not own(desktop).exists()


@on_linux
def test_profiles_do_not_get_in_each_others_way(desktop: Path) -> None:
    autostart.switch_on()
    autostart.switch_on("work")
    assert autostart.status("work").command[-2:] == ("--profile", "work")
    autostart.switch_off()
    assert autostart.status().state is State.OFF
    assert autostart.status("work").state is State.ON


@on_linux
@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="desktop-file-utils are not installed")
def test_the_entry_is_valid(desktop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOVEIL_HOME", str(desktop / "a home"))
    machine(desktop, desktop_entry.written({"Type": "Application", "Name": "P", "Exec": "true"}))
    autostart.switch_off()
    for _ in range(2):
        told = subprocess.run(
            ["desktop-file-validate", own(desktop)], capture_output=True, text=True, check=False
        )
        assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
        machine(desktop, "nothing that could be started")
        autostart.switch_on()


@on_linux
@pytest.mark.skipif(not shutil.which("gio"), reason="GLib's tools are not installed")
def test_a_desktop_really_starts_it(desktop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a home and a launcher whose names have everything in them that could go wrong."""
    home = desktop / 'a "home" of `mine` 100% \\ ü;&'
    monkeypatch.setenv("PHOTOVEIL_HOME", str(home))
    autostart.switch_on("work")
    monkeypatch.delenv("PHOTOVEIL_HOME")
    subprocess.run(["gio", "launch", own(desktop, "photoveil-work.desktop")], check=True)
    end = time.monotonic() + 60
    while not (desktop / "started").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert (desktop / "started").read_text().split("\n")[:-1] == [
        str(home),
        "4",
        "run",
        "--login",
        "--profile",
        "work",
    ]


@on_linux
def test_a_package_starts_it_and_the_user_says_no(desktop: Path, launcher: Path) -> None:
    entry = {"Type": "Application", "Exec": desktop_entry.quoted([str(launcher), "run", "--login"])}
    file = machine(desktop, desktop_entry.written(entry))
    assert (autostart.status().state, autostart.status().by_package) == (State.ON, True)
    assert autostart.switch_off().state is State.OFF
    assert desktop_entry.read(own(desktop).read_text())["Hidden"] == "true"
    assert autostart.switch_on().by_package
    assert not own(desktop).exists()
    assert file.exists()


@on_linux
def test_a_packages_entry_that_leads_nowhere_is_mended_for_this_user(desktop: Path) -> None:
    machine(desktop, desktop_entry.written({"Exec": "/opt/gone/photoveil run --login"}))
    found = autostart.status()
    assert (found.state, found.by_package) == (State.BROKEN, True)
    assert "/opt/gone/photoveil is not there" in found.problem
    found = autostart.switch_on()
    assert (found.state, found.by_package) == (State.ON, False)


@on_linux
def test_a_program_that_has_gone(desktop: Path, launcher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    autostart.switch_on()
    launcher.rename(launcher.with_name("moved"))
    assert autostart.status().state is State.BROKEN
    assert str(launcher) in autostart.status().problem
    monkeypatch.setenv("PHOTOVEIL_LAUNCHER", str(launcher.with_name("moved")))
    assert autostart.switch_on().state is State.ON


@on_linux
@pytest.mark.parametrize("word", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_desktops_write_to_switch_it_off(desktop: Path, word: str) -> None:
    autostart.switch_on()
    file = own(desktop)
    kept = [line for line in file.read_text().splitlines() if not line.startswith("X-GNOME")]
    file.write_text("\n".join([*kept, word, ""]))
    assert autostart.status().state is State.OFF
    assert autostart.switch_on().state is State.ON


@on_linux
def test_a_link_stays_a_link(desktop: Path) -> None:
    """Where somebody keeps such files elsewhere and links to them."""
    real = desktop / "dotfiles" / "photoveil.desktop"
    real.parent.mkdir()
    own(desktop).parent.mkdir(parents=True)
    own(desktop).symlink_to(real)
    assert autostart.status().state is State.BROKEN
    autostart.switch_on()
    assert own(desktop).is_symlink()
    assert "--login" in real.read_text()


@on_linux
def test_where_it_cannot_be_written(desktop: Path) -> None:
    own(desktop).parent.parent.mkdir()
    own(desktop).parent.write_text("in the way")
    with pytest.raises(AutostartError) as told:
        autostart.switch_on()
    assert str(own(desktop)) in told.value.reason
    assert told.value.remedy


@on_linux
def test_any_file_has_a_status(desktop: Path) -> None:
    own(desktop).parent.mkdir(parents=True)

    @given(st.binary() | st.binary().map(lambda data: b"[Desktop Entry]\nExec=" + data))
    def holds(data: bytes) -> None:
        own(desktop).write_bytes(data)
        found = autostart.status()
        assert bool(found.problem) == (found.state is State.BROKEN)

    holds()


@on_linux
def test_the_command_line(desktop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["autostart"]) == 1
    assert main(["autostart", "on"]) == 0
    assert "starts when you log in" in capsys.readouterr().out
    assert main(["autostart", "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "on"
    assert main(["autostart", "off"]) == 0
    assert main(["autostart", "on", "--profile", "../evil"]) == 1
    assert "profile name" in capsys.readouterr().err
    assert list(own(desktop).parent.iterdir()) == []


def test_without_a_launcher_the_script_beside_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for named in ("", "photoveil", str(tmp_path)):
        monkeypatch.setenv("PHOTOVEIL_LAUNCHER", named)
        command = autostart.launcher()
        if named != str(tmp_path):  # a folder may be “executable”, too
            assert Path(command[0]).parent == Path(sys.executable).parent


# macOS.


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "kept"))
    monkeypatch.delenv("PHOTOVEIL_MODELS", raising=False)
    return tmp_path / "Library" / "LaunchAgents" / "app.photoveil.daemon.plist"


def test_an_agent_of_launchd(agent: Path, launcher: Path) -> None:
    way = LaunchAgent("default")
    assert way.status().state is State.OFF
    way.switch_on([str(launcher), "run", "--login"])
    assert way.status() == autostart.Status(State.ON, str(agent), (str(launcher), "run", "--login"))
    told = plistlib.loads(agent.read_bytes())
    assert told == {
        "Label": "app.photoveil.daemon",
        "ProgramArguments": [str(launcher), "run", "--login"],
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
        "EnvironmentVariables": {"PHOTOVEIL_HOME": str(agent.parents[2] / "kept")},
    }
    launcher.unlink()
    assert way.status().state is State.BROKEN
    agent.write_bytes(plistlib.dumps(told | {"Disabled": True}))
    assert way.status().state is State.OFF
    way.switch_off()
    assert not agent.exists()
    assert LaunchAgent("work").status().where.endswith("app.photoveil.daemon.work.plist")


def test_any_list_has_a_status(agent: Path) -> None:
    agent.parent.mkdir(parents=True)
    values = st.recursive(
        st.booleans() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
        lambda inner: st.lists(inner, max_size=3),
    )
    lists = st.dictionaries(st.sampled_from(["ProgramArguments", "RunAtLoad", "Disabled"]), values)

    @given(st.binary() | lists.map(plistlib.dumps) | values.map(plistlib.dumps))
    def holds(data: bytes) -> None:
        agent.write_bytes(data)
        assert LaunchAgent("default").status().state in State

    holds()


# Windows.


class Key:
    def __init__(self, values: dict[str, object]) -> None:
        self.values = values

    def __enter__(self) -> Key:
        return self

    def __exit__(self, *_: object) -> None: ...


class Registry:
    """What `winreg` does, in memory."""

    HKEY_CURRENT_USER, KEY_SET_VALUE, REG_SZ = "HKCU", 2, 1

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, object]] = {}

    def CreateKey(self, _root: str, path: str) -> Key:  # noqa: N802
        return Key(self.keys.setdefault(path, {}))

    def OpenKey(self, _root: str, path: str, _reserved: int = 0, _access: int = 0) -> Key:  # noqa: N802
        if path not in self.keys:
            raise FileNotFoundError(path)
        return Key(self.keys[path])

    def SetValueEx(self, key: Key, name: str, _reserved: int, kind: int, value: object) -> None:  # noqa: N802
        assert kind == self.REG_SZ
        key.values[name] = value

    def QueryValueEx(self, key: Key, name: str) -> tuple[object, int]:  # noqa: N802
        if name not in key.values:
            raise FileNotFoundError(name)
        return key.values[name], self.REG_SZ

    def DeleteValue(self, key: Key, name: str) -> None:  # noqa: N802
        if name not in key.values:
            raise FileNotFoundError(name)
        del key.values[name]


def test_a_value_of_the_run_key(launcher: Path) -> None:
    registry = Registry()
    way, other = RunValue("default", registry), RunValue("work", registry)
    assert way.status().state is State.OFF
    way.switch_off()
    program = str(launcher.with_name("a program"))
    launcher.rename(program)
    way.switch_on([program, "run", "--login"])
    assert registry.keys == {autostart.RUN_KEY: {"Photoveil": f'"{program}" run --login'}}
    assert way.status().state is State.ON
    assert way.status().command == (program, "run", "--login")
    assert other.status().state is State.OFF
    Path(program).unlink()
    assert way.status().state is State.BROKEN
    way.switch_off()
    assert registry.keys[autostart.RUN_KEY] == {}


@pytest.mark.parametrize(("first", "state"), [(2, State.ON), (6, State.ON), (3, State.OFF), (7, State.OFF)])
def test_what_the_task_manager_switched_off(launcher: Path, first: int, state: State) -> None:
    registry: Any = Registry()
    way = RunValue("default", registry)
    way.switch_on([sys.executable, "run"])
    registry.keys[autostart.APPROVED_KEY] = {"Photoveil": bytes([first, *[0] * 11])}
    assert way.status().state is state
    way.switch_on([sys.executable, "run"])
    assert way.status().state is State.ON
    assert registry.keys[autostart.APPROVED_KEY] == {}
