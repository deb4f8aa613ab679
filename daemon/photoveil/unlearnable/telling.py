"""What a photo's report says of this method, in words. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photoveil.protection.headline import CHANNEL


def left_to_learn(told: Mapping[str, Any]) -> str:
    """One sentence on a report's ``unlearnable``: how much of the lesson is left, after a platform.

    Figures are shares of the original's loss, that is, of what training on the original would have to make good.
    """
    whole = told["answer_loss"]["original"]
    alone, together = (told[which][CHANNEL] / whole for which in ("answer_loss", "answer_loss_with_words"))
    return (
        f"To {told['model']}, {_share(together)} of the lesson is left in photo and words after an upload, "
        f"{_share(alone)} in the photo alone"
    )


def _share(value: float) -> str:
    return f"{value:.0%}"
