"""What can go wrong while setting up."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class SetupError(PhotoveilError):
    """The environment could not be set up; what was fetched so far is kept for the next try."""

    code = "setup"
