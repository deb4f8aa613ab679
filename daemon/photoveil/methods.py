"""What a photo may be changed by: the engine's methods, and those that work in other ways."""

from __future__ import annotations

from photoveil.protection import catalogue

ASSISTANT = "assistant"
"""Hides what is private on a photo instead of protecting all of it (`photoveil.assistant`)."""

UNLEARNABLE = "unlearnable"
"""Works against a vision-language model of the user's own, in image and words (`photoveil.unlearnable`)."""

METHODS: dict[str, str] = {
    **catalogue.METHODS,
    ASSISTANT: "hides faces and codes on photos for AI assistants, and leaves the rest to be asked about",
    UNLEARNABLE: "gives models that are trained on the photo a shortcut to learn instead, made with a model of yours",
}

WITHOUT_PERSONAS = frozenset({ASSISTANT, UNLEARNABLE})
"""Methods to which nobody has to be known before."""

MOST_PRIVATE = 100
"""The slider's other end; at 0 a photo is as useful as can be."""

KNEE = 50
"""Where the slider stands by default: the best of both."""


def strength_for(method: str, strength: str, slider: int) -> str:
    """What stands in a task as its strength: for the assistant's method the slider's place."""
    return str(slider) if method == ASSISTANT else strength


CHOICE = "regions:"
"""What a task's metadata begins with where the user has chosen what is to be hidden on the photo."""


def share_of(strength: str) -> float:
    """The slider's place that a task's strength stands for, 0 (most useful) to 1 (most private).

    Raises:
        ValueError: it is none.
    """
    place = int(strength)
    if not 0 <= place <= MOST_PRIVATE:
        raise ValueError("no place of the slider")
    return place / MOST_PRIVATE
