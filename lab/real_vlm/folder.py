"""The folder a study is about: one sub-folder per persona, and `others/` with photos of anybody else.

album/
  anna/
    train/*.jpg     what the attacker has; `--protected DIR` holds these again, by the same names
    ask/*.jpg       clean photos that show none of the facts, to be questioned about
    facts.json      {"residence": "a red cottage", "pet": "a black dog"}: any of the seven kinds
  others/           optional: clean photos of other people, and what a photo shows
    *.jpg
    captions.json   {"park.jpg": "two people on a bench in a park"}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.people import KINDS
from lab.real_vlm.errors import StudyError
from photoveil.photos import Photo, decode

OTHERS = "others"
PHOTO_ENDINGS = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif")
)
_LAYOUT = "docs/real-vlm.md shows the layout."


@dataclass(frozen=True, slots=True)
class Member:
    """One persona: files of the photos the attacker has and is asked about, and the truth by kind."""

    name: str
    train: tuple[Path, ...]
    ask: tuple[Path, ...]
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Captioned:
    """A clean photo of somebody else and the sentence that describes it."""

    photo: Path
    caption: str


@dataclass(frozen=True, slots=True)
class Album:
    """Everything in the folder."""

    members: tuple[Member, ...]
    others: tuple[Captioned, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of fact that anybody here has, in the order of `lab.people.KINDS`."""
        return tuple(kind for kind in KINDS if any(kind in member.facts for member in self.members))


def read_album(folder: Path) -> Album:
    """The album in a folder; raises StudyError for another layout than the one above."""
    if not folder.is_dir():
        raise StudyError("No album", f"{folder} is not a folder.", _LAYOUT)
    homes = sorted(p for p in folder.iterdir() if p.is_dir() and p.name != OTHERS and p.name[0] != ".")
    if not homes:
        raise StudyError(
            "Album empty", f"{folder} has no sub-folder for a persona.", f"Make one per persona; {_LAYOUT}"
        )
    return Album(tuple(_member(home) for home in homes), _others(folder / OTHERS))


def read_photo(file: Path) -> Photo:
    """The photo in a file, upright; raises PhotoveilError where it is none."""
    return decode(file.read_bytes(), name=file.name)


def counterparts(member: Member, protected: Path) -> list[Path]:
    """The protected copies of a persona's training photos, in their order; endings may differ."""
    home = protected / member.name / "train"
    by_stem = {file.stem: file for file in _photos(home)} if home.is_dir() else {}
    missing = [file.name for file in member.train if file.stem not in by_stem]
    if missing:
        raise StudyError(
            "Protected photos missing",
            f"{home} lacks {_listed(missing)}.",
            f"Protect all of {member.name}'s training photos, or copy the clean ones you leave unprotected there.",
        )
    return [by_stem[file.stem] for file in member.train]


def _member(home: Path) -> Member:
    train, ask = (_some_photos(home / part, home.name) for part in ("train", "ask"))
    stems = [file.stem for file in train]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise StudyError(
            "Two photos of one name",
            f"{home / 'train'} has several files called {_listed(twice)}.",
            "Rename them: a protected copy is found by its name without the ending.",
        )
    return Member(home.name, train, ask, _facts(home / "facts.json"))


def _some_photos(folder: Path, persona: str) -> tuple[Path, ...]:
    found = _photos(folder) if folder.is_dir() else []
    if not found:
        raise StudyError(
            "Photos missing", f"{folder} holds no photos.", f"Put photos of {persona} there; {_LAYOUT}"
        )
    return tuple(found)


def _photos(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.suffix.lower() in PHOTO_ENDINGS and f.name[0] != ".")


def _facts(file: Path) -> dict[str, str]:
    facts = _texts(file, "kinds of fact to facts")
    unknown = sorted(set(facts) - set(KINDS))
    if unknown or not facts:
        what = f"{file} knows the kind {_listed(unknown)}" if unknown else f"{file} states no fact"
        raise StudyError("Facts not usable", f"{what}.", f"The kinds are {', '.join(KINDS)}.")
    return facts


def _others(folder: Path) -> tuple[Captioned, ...]:
    if not folder.is_dir():
        return ()
    captions = _texts(folder / "captions.json", "photo names to captions")
    missing = [name for name in captions if not (folder / name).is_file() or Path(name).name != name]
    if missing:
        raise StudyError(
            "Photos missing",
            f"{folder} lacks {_listed(missing)}.",
            "captions.json may only name files beside it.",
        )
    return tuple(Captioned(folder / name, caption) for name, caption in sorted(captions.items()))


def _texts(file: Path, what: str) -> dict[str, str]:
    """A JSON object of non-empty texts."""
    remedy = f"It must be a JSON object from {what}; {_LAYOUT}"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(f"{file.name} missing", f"{file} does not exist.", remedy) from error
    except (OSError, ValueError) as error:
        raise StudyError(f"{file.name} not readable", f"{file} is no JSON ({error}).", remedy) from error
    if not isinstance(content, dict) or not all(isinstance(v, str) and v.strip() for v in content.values()):
        raise StudyError(f"{file.name} not usable", f"{file} has something else than texts.", remedy)
    return content


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
