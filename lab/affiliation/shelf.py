"""Delivered files on disk, so that no photo is protected twice and a study can be taken up where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lab.affiliation.album import Album, fingerprint
from lab.affiliation.defences import Defence, Posted
from photoveil import protection


def code_state(*, everything: bool = False) -> str:
    """Changes whenever what made the delivered files does: protecting code, weights, drawing, defences.

    With ``everything``, whenever any code of the lab does: figures of another attacker are no figures of this one.
    """
    package, lab = Path(protection.__file__).parent, Path(__file__).parents[1]
    drawing = [
        *lab.glob("*.py"),
        *lab.glob("drawing/*.py"),
        *(lab / "affiliation" / name for name in ("album.py", "defences.py")),
    ]
    files = {
        *package.rglob("*.py"),
        *package.glob("*/*.json"),
        *(lab.rglob("*.py") if everything else drawing),
    }
    return fingerprint(*((f.name, f.read_bytes()) for f in sorted(files)))


class Shelf:
    """Files by album, defence and member."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, album: Album, defence: str, member: int) -> bool:
        """Whether a member's files are there."""
        return self._facts(album, defence, member).exists()

    def put(self, album: Album, defence: str, member: int, posted: list[Posted]) -> None:
        """Keep a member's files; the list of them is written last."""
        facts = self._facts(album, defence, member)
        facts.parent.mkdir(parents=True, exist_ok=True)
        for index, one in enumerate(posted):
            self._photo(facts, index).write_bytes(one.data)
        draft = facts.with_suffix(".part")
        draft.write_text(json.dumps([(one.psnr_db, one.ssim) for one in posted]))
        draft.replace(facts)

    def get(self, album: Album, defence: str, member: int) -> list[Posted]:
        """A member's files."""
        facts = self._facts(album, defence, member)
        costs = json.loads(facts.read_text())
        return [Posted(self._photo(facts, i).read_bytes(), *cost) for i, cost in enumerate(costs)]

    def missing(self, album: Album, defence: str) -> Iterator[int]:
        """Members whose files are not there yet."""
        return (i for i in range(len(album.members)) if not self.has(album, defence, i))

    def through(self, album: Album, defence: str, apply: Defence) -> Defence:
        """The defence with the shelf in front of it."""
        index = {member.persona.seed: i for i, member in enumerate(album.members)}

        def defend(member: object) -> list[Posted]:
            place = index[member.persona.seed]  # type: ignore[attr-defined]
            if not self.has(album, defence, place):
                self.put(album, defence, place, apply(member))  # type: ignore[arg-type]
            return self.get(album, defence, place)

        return defend

    def _facts(self, album: Album, defence: str, member: int) -> Path:
        return self._folder / album.key / defence / f"{member}.json"

    @staticmethod
    def _photo(facts: Path, index: int) -> Path:
        return facts.with_name(f"{facts.stem}-{index}.jpg")
