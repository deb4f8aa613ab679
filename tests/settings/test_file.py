"""The settings file on a real disk, changed by several processes and by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photoveil.settings import (
    KNOBS,
    TEMPLATE,
    FolderRule,
    PersonaCard,
    Settings,
    SettingsError,
    SettingsFile,
    SiteProfile,
)
from photoveil.settings import (
    file as module,
)
from photoveil.settings.reading import Parsed

WRONG: Any = "wrong"
not_root = pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may do everything")


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config" / "settings.toml")


def test_the_first_change_writes_the_template(file: SettingsFile) -> None:
    _, settings = file.change({"strength": "film", "port": 1})
    assert settings == Settings(strength="film", port=1) == file.read()[0]
    text = file.path.read_text()
    assert text == TEMPLATE.replace('\n#strength = "balanced"\n', '\nstrength = "film"\n', 1).replace(
        "\n#port = 47610\n", "\nport = 1\n"
    )
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_change_to_what_is_already_so_writes_nothing(file: SettingsFile) -> None:
    file.change({"strength": "film"})
    stamp = file.stamp()
    file.change({"strength": "film", "persona": None, "port": 47610})
    file.put_folder(FolderRule(Path("/photos")))
    stamp = file.stamp()
    file.put_folder(FolderRule(Path("/photos/")))
    assert file.stamp() == stamp


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"strength": "film", "port": "1"}, '"port" must be a whole number from 0 to 65535'),
        ({"port": True}, "whole number"),
        ({"previews": 1}, "true or false"),
        ({"strength": ["film"]}, "subtle, balanced"),
        ({"persona": "a/b"}, "letters"),
        ({"folders": []}, "Nobody knows the setting “folders”"),
    ],
)
def test_a_bad_change_changes_nothing(file: SettingsFile, values: dict[str, Any], reason: str) -> None:
    file.change({"persona": "anna"})
    before = file.path.read_bytes()
    with pytest.raises(SettingsError, match=reason):
        file.change(values)
    assert file.path.read_bytes() == before


def test_a_misspelt_name_is_answered_with_the_right_one(file: SettingsFile) -> None:
    with pytest.raises(SettingsError) as told:
        file.change({"strenght": "film"})
    assert told.value.remedy == "Did you mean “strength”?"


def test_a_broken_file_is_not_changed(file: SettingsFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text("port = ")
    with pytest.raises(SettingsError, match="Line 1"):
        file.change({"port": 1})
    assert file.path.read_text() == "port = "


def test_sites_and_personas(file: SettingsFile) -> None:
    host, _ = file.put_site("https://WWW.Bücher.example/x", SiteProfile(protect=False))
    assert host == "www.xn--bcher-kva.example"
    file.put_site(host, SiteProfile(persona="anna", method="antithetical"))
    file.put_persona("Zoë", PersonaCard("pink", "strong"))
    _, settings = file.put_persona("Zoë", PersonaCard("red"))
    assert settings.sites == {host: SiteProfile(persona="anna", method="antithetical")}
    assert settings.personas == {"Zoë": PersonaCard("red")}
    file.remove_site(host.upper())
    file.remove_persona("Zoë")
    assert file.read() == (Settings(), [])
    assert file.path.read_text() == TEMPLATE


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.put_site("a b", SiteProfile()),
        lambda file: file.put_site("a.org", SiteProfile(strength="brutal")),
        lambda file: file.put_site("a.org", SiteProfile(protect=WRONG)),
        lambda file: file.put_persona("../x", PersonaCard("red")),
        lambda file: file.put_persona("x", PersonaCard("beige")),
        lambda file: file.put_folder(FolderRule(Path("/x"), output=WRONG)),
        lambda file: file.put_folder(FolderRule(Path("/x"), persona="a/b")),
        lambda file: file.remove_site("a.org"),
        lambda file: file.remove_site("a b"),
        lambda file: file.remove_persona("anna"),
        lambda file: file.remove_folder("0" * 12),
    ],
)
def test_bad_tables_change_nothing(file: SettingsFile, change: Callable[[SettingsFile], object]) -> None:
    with pytest.raises(SettingsError):
        change(file)
    assert not file.path.exists()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "photoveil.toml"
    real.parent.mkdir()
    real.write_text("# mine\nport = 1\n")
    link = tmp_path / "config" / "settings.toml"
    link.parent.mkdir()
    link.symlink_to("../dotfiles/photoveil.toml")
    SettingsFile(link).change({"port": 2})
    assert link.readlink() == Path("../dotfiles/photoveil.toml")
    assert real.read_text() == "# mine\nport = 2\n"
    assert [entry.name for entry in real.parent.iterdir()] == ["photoveil.toml"]


def test_a_link_to_a_file_not_yet_there_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "settings.toml"
    link.symlink_to(tmp_path / "new.toml")
    SettingsFile(link).change({"port": 2})
    assert link.is_symlink()
    assert (tmp_path / "new.toml").read_text().count("\nport = 2\n") == 1


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    link = tmp_path / "settings.toml"
    link.symlink_to(link)
    with pytest.raises(SettingsError, match="cannot be read"):
        SettingsFile(link).change({"port": 2})


@not_root
def test_a_folder_that_cannot_be_written_to_is_an_error(file: SettingsFile) -> None:
    file.change({"port": 1})
    file.path.parent.chmod(0o500)
    with pytest.raises(SettingsError, match="cannot be written"):
        file.change({"port": 2})
    file.path.parent.chmod(0o700)
    assert file.read()[0].port == 1


def test_a_target_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    link = tmp_path / "settings.toml"
    link.symlink_to(tmp_path / "unplugged" / "settings.toml")
    with pytest.raises(SettingsError, match="cannot be written"):
        SettingsFile(link).change({"port": 2})


def test_what_is_typed_between_reading_and_writing_is_kept(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.change({"port": 1})
    edits = iter(range(3))

    class Typing(SettingsFile):
        def _parse(self, content: bytes) -> Parsed:
            number = next(edits, None)
            if number is not None:
                with file.path.open("a") as text:
                    text.write(f"# typed {number}\n")
            return super()._parse(content)

    Typing(file.path).change({"port": 2})
    text = file.path.read_text()
    assert all(f"# typed {number}\n" in text for number in range(3))
    assert file.read()[0].port == 2


def test_another_process_that_holds_the_lock_is_waited_for_not_for_ever(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.change({"port": 1})
    code = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()"
    )
    lock = str(file.path.with_name(".settings.toml.lock"))
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.1)
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with pytest.raises(SettingsError, match="Another program"):
            file.change({"port": 2})
        holder.stdin.close()
        holder.wait(100)
    file.change({"port": 2})


def test_many_processes_lose_none_of_each_others_changes(file: SettingsFile) -> None:
    code = (
        "import sys; from pathlib import Path; from photoveil.settings import SettingsFile, SiteProfile, file\n"
        "file._PATIENCE_SECONDS = 200.0  # where the disk is busy, too\n"
        "file = SettingsFile(Path(sys.argv[1]))\n"
        "for number in range(5): file.put_site(f'{sys.argv[2]}-{number}.org', SiteProfile(protect=False))"
    )
    several = [subprocess.Popen([sys.executable, "-c", code, file.path, f"p{number}"]) for number in range(4)]
    assert [process.wait(200) for process in several] == [0] * 4
    assert len(file.read()[0].sites) == 20
    left = {entry.name for entry in file.path.parent.iterdir()}
    assert left <= {"settings.toml", ".settings.toml.lock"}


_TEXTS = {
    "persona": "Zoë",
    "model_endpoint": "https://mirror.example.org/hub",
    "update_url": "https://example.org/releases.json",
    "remote_endpoint": "https://api.example.org/v1",
    "assistant_endpoint": "http://127.0.0.1:11434/v1",
    "assistant_model": "qwen2.5vl:3b",
    "unlearnable_model": "/home/zoë/models/vlm",
}


def test_every_setting_can_be_changed(file: SettingsFile) -> None:
    for name, knob in KNOBS.items():
        value = {"integer": knob.high, "switch": not knob.default, "text": _TEXTS.get(name)}.get(knob.kind)
        value = knob.choices[-1] if value is None else value
        _, settings = file.change({knob.name: value})
        assert getattr(settings, knob.name) == value
    assert file.change(dict.fromkeys(KNOBS))[1] == Settings()
    assert file.path.read_text() == TEMPLATE


def test_a_process_killed_while_it_changes_things_leaves_a_whole_file(file: SettingsFile) -> None:
    code = (
        "import itertools, sys; from pathlib import Path; from photoveil.settings import SettingsFile\n"
        "file = SettingsFile(Path(sys.argv[1]))\n"
        "for number in itertools.count(): file.change({'port': 10000 + number}); print(flush=True)"
    )
    for delay in (0.0, 0.003, 0.011):
        with subprocess.Popen([sys.executable, "-c", code, file.path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.kill()
        assert len(file.path.read_text()) == len(TEMPLATE) - 1  # the "#" before the port
        assert file.change({"port": 60000 + int(delay * 1000)})[1] == file.read()[0]
