"""What users said is private on their photos, kept and found again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from photoveil.assistant.choices import MOST, Choice, ChoiceError, Choices, Chosen, choice, named
from photoveil.methods import metadata_for

PHOTO = "a" * 64
FACE = Chosen("face", (0.1, 0.2, 0.3, 0.4), hidden=False)
OWN = Chosen("chosen", (0.5, 0.5, 0.9, 1.0), hidden=True)


def test_a_choice_is_found_again_by_its_photo_and_by_its_digest(tmp_path: Path) -> None:
    file = tmp_path / "assistant" / "regions.jsonl"
    made = choice(PHOTO, [FACE.as_dict(), OWN.as_dict()])
    choices = Choices.load(file)
    choices.keep(made)

    assert Choices.load(file).known == choices.known == {PHOTO: Choice(PHOTO, (FACE, OWN))}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert named(str(file), metadata_for("assistant", "keep", choices.digest(PHOTO))) == (FACE, OWN)
    assert named(str(file), metadata_for("assistant", "keep", choices.digest("b" * 64))) is None
    assert metadata_for("antithetical", "keep", made.digest) == "keep"


def test_what_is_chosen_otherwise_is_another_choice_and_the_old_one_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "regions.jsonl"
    choices = Choices.load(file)
    choices.keep(choice(PHOTO, [OWN.as_dict()]))
    old = metadata_for("assistant", "keep", choices.digest(PHOTO))
    choices.keep(choice(PHOTO, [FACE.as_dict(), OWN.as_dict()]))

    assert metadata_for("assistant", "keep", choices.digest(PHOTO)) != old
    # What the user drew would be left bare: better no copy.
    for place in (str(file), None):
        with pytest.raises(ChoiceError, match="held back"):
            named(place, old)

    choices.forget(PHOTO)
    assert choices.digest(PHOTO) == Choices.load(file).digest(PHOTO) == ""
    assert file.read_text() == ""


def test_the_latest_photos_are_kept(tmp_path: Path) -> None:
    choices = Choices(tmp_path / "regions.jsonl", {f"{i}": Choice(f"{i}", (OWN,)) for i in range(MOST)})
    choices.keep(Choice("0", (FACE,)))
    choices.keep(Choice("new", (FACE,)))

    kept = Choices.load(choices.file).known
    assert len(kept) == MOST
    assert {"0", "new"} < set(kept)
    assert "1" not in kept


def test_lines_that_are_no_choices_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "regions.jsonl"
    good = '{"photo":"p","regions":[{"kind":"face","box":[0.1,0.2,0.3,0.4],"hidden":true}]}'
    nose = good.replace("face", "nose")
    file.write_text("\n".join(["", "{", "[]", '{"photo":"q"}', nose, good.replace("0.4]", "0.4,1]"), good]))

    assert list(Choices.load(file).known) == ["p"]


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
