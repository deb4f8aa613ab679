"""What is to be hidden on a photo: what its owner has chosen for it, else what is found. All who hide ask here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoveil.assistant.choices import Chosen
from photoveil.assistant.regions import Pixels, Region, find


@dataclass(frozen=True)
class Private:
    """What is private on a photo.

    Attributes:
        hidden: what is to be hidden.
        left: what the user wants to stay as it is.
        chosen: whether the user has said so; else it was found.
    """

    hidden: Sequence[Region]
    left: Sequence[Region] = ()
    chosen: bool = False

    @classmethod
    def on(cls, pixels: Pixels, wanted: Sequence[Chosen] | None, models: Path | None = None) -> Private:
        """What is private on these pixels.

        Args:
            wanted: what the user has chosen for this very photo; None where that is nothing, so that it is looked for.
            models: folder in which the weights of a better finder may lie.
        """
        if wanted is None:
            return cls(find(pixels, models))
        hidden, left = (
            [Region(c.kind, c.box) for c in wanted if c.hidden is which] for which in (True, False)
        )
        return cls(hidden, left, chosen=True)

    def as_dict(self) -> dict[str, Any]:
        """For programs: what is told of a copy beside what was hidden on it."""
        return {"left": [region.as_dict() for region in self.left], "chosen": self.chosen}
