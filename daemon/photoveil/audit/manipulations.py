"""What can be done to a photo before a model sees it. Loads no picture library, so that the command line can name them.

The protected copy and the blank card are ours: whatever is told of a blank card, the model has from the prompt's words.
"""

from __future__ import annotations

from enum import StrEnum


class Manipulation(StrEnum):
    """What was done to a photo before the model saw it."""

    ORIGINAL = "original"
    LANDSCAPE = "landscape"
    WHITE = "white"
    BLURRED = "blurred-face"
    PROTECTED = "protected"
    BLANK = "blank"


TITLES: dict[Manipulation, str] = {
    Manipulation.ORIGINAL: "as it is",
    Manipulation.LANDSCAPE: "before a random landscape",
    Manipulation.WHITE: "before a white background",
    Manipulation.BLURRED: "with blurred faces",
    Manipulation.PROTECTED: "the protected copy",
    Manipulation.BLANK: "a blank card instead",
}
NEED_A_FACE = frozenset({Manipulation.LANDSCAPE, Manipulation.WHITE, Manipulation.BLURRED})
