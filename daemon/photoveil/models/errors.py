"""What can go wrong between a model set and its hub."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class ModelsError(PhotoveilError):
    """A model set could not be fetched, checked, added or removed."""

    code = "models"


class PullCancelledError(ModelsError):
    """A download was stopped on request; what has arrived is kept for the next one."""

    code = "models_cancelled"


class UnreachableError(ModelsError):
    """The hub did not answer, or not well; the same may go well later. What has arrived is kept."""

    code = "models_unreachable"
