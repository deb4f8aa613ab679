"""Which folders can be watched, on a real file system."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from photoveil.settings import FolderRule, SettingsError, SettingsFile, places
from photoveil.settings.places import Place, place


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / "me"
    (folder / "Pictures" / "Phone").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def file(home: Path) -> SettingsFile:
    own = home / ".photoveil"
    return SettingsFile(own / "settings.toml", [own])


def refusal(file: SettingsFile, rule: FolderRule) -> SettingsError:
    before = file.path.read_bytes() if file.path.exists() else None
    with pytest.raises(SettingsError) as told:
        file.put_folder(rule)
    assert (file.path.read_bytes() if file.path.exists() else None) == before
    assert told.value.title == "This folder cannot be watched"
    assert told.value.remedy
    return told.value


def test_a_folder_is_kept_by_its_real_path(file: SettingsFile, home: Path) -> None:
    (home / "link").symlink_to("Pictures")
    rule, settings = file.put_folder(FolderRule(Path("~/link"), strength="strong"))
    assert rule.path == home / "Pictures"
    assert settings.folders == (rule,)
    assert settings.folder(rule.id) == rule
    assert len(rule.id) == 12
    again, settings = file.put_folder(FolderRule(home / "Pictures" / "Phone" / ".."))
    assert again == FolderRule(home / "Pictures")
    assert settings.folders == (again,)
    assert again.id == rule.id


def test_a_folder_need_not_be_there(file: SettingsFile, home: Path) -> None:
    rule, _ = file.put_folder(FolderRule(Path("/media/nobody/stick/DCIM")))
    assert file.read()[0].folders == (rule,)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("Pictures", "whole path"),
        ("/", "whole drive"),
        ("~", "home folder"),
        ("~/..", "home folder"),
        ("~/.photoveil", "its own files"),
        ("~/.photoveil/vault", "its own files"),
        ("~/Pictures/../.photoveil/../..", "home folder"),
        ("~/file", "is a file"),
        ("/photos/\ud800", "no text"),
    ],
)
def test_some_folders_cannot_be_watched(file: SettingsFile, home: Path, path: str, reason: str) -> None:
    (home / "file").touch()
    assert reason in refusal(file, FolderRule(Path(path))).reason


def test_a_folder_in_a_watched_folder_cannot_be_watched(file: SettingsFile, home: Path) -> None:
    file.put_folder(FolderRule(home / "Pictures"))
    (home / "way").symlink_to(home / "Pictures" / "Phone")
    for path in (home / "Pictures/Phone", home / "way", home / "Pictures/new/newer"):
        assert "lies in" in refusal(file, FolderRule(path)).reason
    assert file.put_folder(FolderRule(home / "Pictures too"))


def test_a_folder_around_a_watched_folder_cannot_be_watched(file: SettingsFile, home: Path) -> None:
    file.put_folder(FolderRule(home / "Pictures" / "Phone"))
    assert "lies in" in refusal(file, FolderRule(home / "Pictures")).reason


def test_mirrors_lie_elsewhere(file: SettingsFile, home: Path) -> None:
    def rule(mirror: Path | None) -> FolderRule:
        return FolderRule(home / "Pictures", output="mirror", mirror=mirror)

    assert "must be a folder for the copies" in refusal(file, rule(None)).reason
    assert "whole path" in refusal(file, rule(Path("copies"))).reason
    assert "found again" in refusal(file, rule(home / "Pictures" / "copies")).reason
    assert "found again" in refusal(file, rule(home / "Pictures")).reason
    assert "its own files" in refusal(file, rule(home / ".photoveil" / "copies")).reason
    assert "among its photos" in refusal(file, rule(home)).reason
    kept, _ = file.put_folder(rule(Path("~/Copies")))
    assert kept.mirror == home / "Copies"
    assert "found again" not in str(file.put_folder(FolderRule(home / "Other")))
    assert "among its photos" in refusal(file, FolderRule(home / "Copies" / "x")).reason


def test_what_the_user_wrote_of_a_path_stays(file: SettingsFile, home: Path) -> None:
    file.path.parent.mkdir()
    file.path.write_text('[[folders]]\npath = "~/Pictures" # mine\noutput = "mirror"\nmirror = "~/Copies"\n')
    rule = FolderRule(home / "Pictures", output="mirror", mirror=home / "Copies", persona="anna")
    file.put_folder(rule)
    text = file.path.read_text()
    assert text == (
        '[[folders]]\npath = "~/Pictures" # mine\noutput = "mirror"\nmirror = "~/Copies"\npersona = "anna"\n'
    )


def test_one_folder_by_two_names_is_one_if_the_file_system_says_so(tmp_path: Path) -> None:
    """As it is where capitals do not matter, or behind a mount: the names differ, the marks do not."""
    inner = tmp_path / "DCIM" / "Camera"
    inner.mkdir(parents=True)
    found = place(tmp_path / "DCIM")
    renamed = Place(Path("/elsewhere/dcim"), (found.marks[0], (0, 1), (0, 2)))
    assert place(inner).within(renamed)
    assert not renamed.within(place(inner))
    assert not place(tmp_path).within(renamed)


def test_a_vanished_folder_is_not_taken_for_what_is_above_it(tmp_path: Path) -> None:
    assert not place(tmp_path / "there").within(place(tmp_path / "gone"))
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert place(tmp_path / "circle" / "x").path == tmp_path / "circle" / "x"


def test_a_drive_that_does_not_answer_holds_nothing_up(
    file: SettingsFile, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    found = places._find

    def find(path: Path) -> Place:
        if path.is_relative_to("/net"):
            answers.wait(100)
        return found(path)

    monkeypatch.setattr(places, "_find", find)
    monkeypatch.setattr(places, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(places, "_REST_SECONDS", 0.5)
    rule, _ = file.put_folder(FolderRule(Path("/net/nas/x/../photos")))
    assert rule.path == Path("/net/nas/photos")
    begun = time.monotonic()
    assert file.put_folder(FolderRule(home / "Pictures"))[1].folders[0] == rule
    assert file.read()[0].folders[0] == rule
    assert time.monotonic() - begun < 60  # not 100: who asks is not kept
    answers.set()
    time.sleep(0.5)
    assert file.read()[0].folders[0] == rule
