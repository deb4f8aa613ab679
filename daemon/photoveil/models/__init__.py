"""Model sets from a hub: planned, fetched, checked, added from disk and removed.

Every file's commit and SHA-256 are recorded when it first arrives and enforced ever after. Only safetensors files are
taken, and one other beside the sets: the face detector (`faces`), whose SHA-256 stands in the code.
Importing this package costs nothing; huggingface_hub is loaded when something is fetched.
"""

from __future__ import annotations

from photoveil.models import faces
from photoveil.models.adding import add, remove
from photoveil.models.checking import Finding, Problem, verify
from photoveil.models.errors import ModelsError, PullCancelledError, UnreachableError
from photoveil.models.planning import PlannedFile, PullPlan, installed, plan
from photoveil.models.pulling import PullProgress, pull
from photoveil.models.source import HUB, Patience, Source

__all__ = [
    "HUB",
    "Finding",
    "ModelsError",
    "Patience",
    "PlannedFile",
    "Problem",
    "PullCancelledError",
    "PullPlan",
    "PullProgress",
    "Source",
    "UnreachableError",
    "add",
    "faces",
    "installed",
    "plan",
    "pull",
    "remove",
    "verify",
]
