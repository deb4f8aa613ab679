"""Delivered files on disk, so that no photo is protected twice and a study can be taken up where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lab.affiliation.album import Member, fingerprint
from lab.affiliation.defences import Defence, Posted
from photoveil import protection

_MAKERS = ("album.py", "defences.py", "outside.py", "owners.py")


def code_state(*, everything: bool = False) -> str:
    """Changes whenever what made the delivered files does: protecting code, weights, drawing, defences.

    With ``everything``, whenever any code or tower of the lab does: figures of another attacker are no figures of
    this one.
    """
    package, lab = Path(protection.__file__).parent, Path(__file__).parents[1]
    drawing = [
        *lab.glob("*.py"),
        *lab.glob("drawing/*.py"),
        *(lab / "affiliation" / name for name in _MAKERS),
    ]
    files = {
        *package.rglob("*.py"),
        *package.glob("*/*.json"),
        *([*lab.rglob("*.py"), *lab.glob("towers/*/*.json")] if everything else drawing),
    }
    return fingerprint(*((f.name, f.read_bytes()) for f in sorted(files)))


class Shelf:
    """Files by member and defence. More photos than a member needs serve as well: the first are the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, member: Member, defence: str) -> bool:
        """Whether a member's files are there."""
        facts = self._facts(member, defence)
        return facts.exists() and len(json.loads(facts.read_text())) >= len(member.posted)

    def put(self, member: Member, defence: str, posted: Sequence[Posted]) -> None:
        """Keep a member's files; the list of them is written last."""
        facts = self._facts(member, defence)
        facts.parent.mkdir(parents=True, exist_ok=True)
        for index, one in enumerate(posted):
            self._photo(facts, index).write_bytes(one.data)
        draft = facts.with_suffix(".part")
        draft.write_text(json.dumps([(one.psnr_db, one.ssim) for one in posted]))
        draft.replace(facts)

    def get(self, member: Member, defence: str) -> list[Posted]:
        """A member's files."""
        facts = self._facts(member, defence)
        costs = json.loads(facts.read_text())[: len(member.posted)]
        return [Posted(self._photo(facts, i).read_bytes(), *cost) for i, cost in enumerate(costs)]

    def missing(self, members: Sequence[Member], defence: str) -> list[Member]:
        """Those whose files are not there yet."""
        return [member for member in members if not self.has(member, defence)]

    def through(self, defence: str, apply: Defence) -> Defence:
        """The defence with the shelf in front of it."""

        def defend(member: Member) -> list[Posted]:
            if not self.has(member, defence):
                self.put(member, defence, apply(member))
            return self.get(member, defence)

        return defend

    def _facts(self, member: Member, defence: str) -> Path:
        return self.folder / member.key / f"{defence}.json"

    @staticmethod
    def _photo(facts: Path, index: int) -> Path:
        return facts.with_name(f"{facts.stem}-{index}.jpg")
