"""What users said is private on their photos, kept and found again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from photoveil.assistant.choices import (
    MOST,
    MOST_REGIONS,
    Choice,
    ChoiceError,
    Choices,
    ChoicesUnreadableError,
    Chosen,
    choice,
    named,
    write,
)
from photoveil.worker.tasks import Task

PHOTO, OTHER = "a" * 64, "b" * 64
FACE = Chosen("face", (0.1, 0.2, 0.3, 0.4), hidden=False)
OWN = Chosen("chosen", (0.5, 0.5, 0.9, 1.0), hidden=True)
TASK = Task("me", "assistant", "50", "starter", "keep")
LINE = '{"photo":"p","regions":[{"kind":"face","box":[0.1,0.2,0.3,0.4],"hidden":true}]}'


def test_a_choice_is_found_again_by_its_photo_and_by_its_digest(tmp_path: Path) -> None:
    file = tmp_path / "assistant" / "regions.jsonl"
    made = choice(PHOTO, [FACE.as_dict(), OWN.as_dict()])
    choices, elsewhere = Choices(file), Choices(file)
    assert elsewhere.of(PHOTO) is None
    choices.keep(made)

    assert elsewhere.of(PHOTO) == choices.of(PHOTO) == Choice(PHOTO, (FACE, OWN))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    task = TASK.about(PHOTO, choices)
    assert named(str(file), task.metadata) == (FACE, OWN)
    assert task.is_chosen(PHOTO, choices)
    assert not TASK.is_chosen(PHOTO, choices)
    assert TASK.about(OTHER, choices) == TASK
    assert TASK.is_chosen(OTHER, choices)
    assert named(str(file), TASK.metadata) is None
    protecting = Task("me", "antithetical", "subtle", "starter", "keep")
    assert protecting.about(PHOTO, choices) == protecting
    assert protecting.is_chosen(PHOTO, choices)


def test_what_is_chosen_otherwise_is_another_choice_and_the_old_one_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "regions.jsonl"
    choices = Choices(file)
    choices.keep(choice(PHOTO, [OWN.as_dict()]))
    old = TASK.about(PHOTO, choices)
    choices.keep(choice(PHOTO, [FACE.as_dict(), OWN.as_dict()]))

    assert TASK.about(PHOTO, choices) != old
    assert not old.is_chosen(PHOTO, choices)
    # What the user drew would be left bare: better no copy.
    for place in (str(file), None):
        with pytest.raises(ChoiceError, match="held back"):
            named(place, old.metadata)

    choices.forget(PHOTO)
    assert choices.digest(PHOTO) == Choices(file).digest(PHOTO) == ""
    assert file.read_text() == ""


def test_the_latest_photos_are_kept(tmp_path: Path) -> None:
    choices = Choices(tmp_path / "regions.jsonl")
    write(choices.file, [Choice(f"{i}", (OWN,)) for i in range(MOST)])
    choices.keep(Choice("0", (FACE,)))
    choices.keep(Choice("new", (FACE,)))

    kept = Choices(choices.file).read().known
    assert len(kept) == MOST
    assert kept["0"].regions == kept["new"].regions == (FACE,)
    assert "1" not in kept


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"photo":"q"}',
        LINE.replace("face", "nose"),
        LINE.replace("0.4]", "0.4,1]"),
        LINE.replace("0.4]", "NaN]"),
        LINE.replace("0.4]", "0.2]"),
        '{"photo":"q","regions":[' + ",".join([LINE[22:-2]] * (MOST_REGIONS + 1)) + "]}",
        "\0" * 100,
        "[" * 100_000,
    ],
)
def test_a_file_of_which_not_all_can_be_read_is_told_held_to_and_left_as_it_is(
    tmp_path: Path, line: str
) -> None:
    file, heard = tmp_path / "regions.jsonl", list[bool]()
    broken = f"{LINE}\n\n{line}\n"
    file.write_text(broken)
    choices = Choices(file, heard.append)

    # What can be read holds; for any other photo there may have been a choice.
    good = choices.of("p")
    assert good is not None
    assert named(str(file), TASK.about("p", choices).metadata) == good.regions
    for ask in (choices.of, choices.digest, lambda photo: TASK.about(photo, choices)):
        with pytest.raises(ChoicesUnreadableError) as told:
            ask(PHOTO)
        assert all(told.value.as_dict().values())
    with pytest.raises(ChoicesUnreadableError):
        named(str(file), "regions:0123456789ab")
    for change in (lambda: choices.keep(Choice(PHOTO, (OWN,))), lambda: choices.forget("p")):
        with pytest.raises(ChoicesUnreadableError):
            change()
    assert file.read_text() == broken
    assert heard == [False]

    write(file, [good])
    assert choices.of(PHOTO) is None
    choices.keep(Choice(PHOTO, (OWN,)))
    assert set(choices.read().known) == {"p", PHOTO}
    assert heard == [False, True]


def test_what_is_no_file_or_too_large_to_be_ours_is_not_read(tmp_path: Path) -> None:
    folder, large = tmp_path / "folder", tmp_path / "large"
    folder.mkdir()
    with large.open("wb") as file:
        file.truncate(1 << 30)
    for place in (folder, large):
        with pytest.raises(ChoicesUnreadableError):
            Choices(place).of(PHOTO)


def test_what_cannot_be_written_is_told_and_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "drive that is away" / "state")
    choices = Choices(tmp_path / "state" / "regions.jsonl")
    with pytest.raises(ChoiceError, match="not remembered"):
        choices.keep(Choice(PHOTO, (OWN,)))
    assert choices.of(PHOTO) is None


@pytest.mark.parametrize(
    "regions",
    [
        [Chosen("face", (0.3, 0.2, 0.3, 0.4), hidden=True)],
        [Chosen("chosen", (0.1, 0.2, 0.3, 0.1), hidden=True)],
        [Chosen("code", (0, 0, 1, 1), hidden=True), Chosen("code", (0, 0, 0.5, 1), hidden=False)],
    ],
)
def test_what_cannot_be_hidden_so_is_told(regions: list[Chosen]) -> None:
    with pytest.raises(ChoiceError, match="cannot be hidden so"):
        choice(PHOTO, [region.as_dict() for region in regions])
