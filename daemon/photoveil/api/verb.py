"""What a verb of the protocol is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from photoveil.api.schema import Schema, record

JSON = "application/json"
BYTES = "application/octet-stream"
EVENTS = "text/event-stream"
MAX_PHOTO = 100 << 20


class Access(StrEnum):
    """Who may use a verb."""

    PAIRING = "pairing"
    """A browser that is being paired."""
    OPENING = "opening"
    """Whoever opens a session."""
    SIGN_IN = "sign-in"
    """A dashboard page with a one-time code."""
    CLIENT = "client"
    """Any session."""
    OWNER = "owner"
    """The local command line and the dashboard: whoever sits at this computer."""
    LOCAL = "local"
    """The local command line alone."""


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes:
        summary: what it does, in one line.
        body: what its JSON body must be; for a photo, what its ``X-Photoveil-Meta`` must be.
        answer: what the JSON answer is, or None where ``answers`` is another media type.
        content_type: of the request's body.
        answers: media type of the answer.
        statuses: of success.
        limit: the longest body it takes, in bytes.
    """

    name: str
    access: Access
    summary: str
    body: Schema = field(default_factory=record)
    answer: Schema | None = field(default_factory=record)
    content_type: str = JSON
    answers: str = JSON
    statuses: tuple[int, ...] = (200,)
    limit: int = 64 << 10

    @property
    def signed(self) -> bool:
        """Whether requests carry a session's signature."""
        return self.access in (Access.CLIENT, Access.OWNER, Access.LOCAL)
