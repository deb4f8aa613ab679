"""What goes wrong before or during a study, told to the person who runs it."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class StudyError(PhotoveilError):
    """The album, the model or the options do not make a study."""

    code = "study"
