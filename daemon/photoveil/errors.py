"""The one shape of everything that can go wrong and reach a user: a title, a reason and a remedy."""

from __future__ import annotations

from typing import ClassVar


class PhotoveilError(Exception):
    """An error written for the person who reads it.

    Args:
        title: what did not happen, in a few words.
        reason: why, in one sentence, naming the number or setting involved.
        remedy: what the reader can do about it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, title: str, reason: str, remedy: str) -> None:
        super().__init__(title, reason, remedy)
        self.title = title
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.title}: {self.reason} {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        """The JSON form used by the API, the worker and ``--json``: code, title, reason, remedy."""
        return {"code": self.code, "title": self.title, "reason": self.reason, "remedy": self.remedy}
