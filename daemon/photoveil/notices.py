"""What needs the user's attention: one notice per matter, kept until the matter is settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub


@dataclass(frozen=True)
class Notice:
    """One matter: its key, what a user may read of it, and since when."""

    key: str
    code: str
    title: str
    reason: str
    remedy: str
    since: str

    def as_dict(self) -> dict[str, str]:
        """As it goes to the dashboard."""
        return dict(vars(self))


class Notices:
    """The matters at hand; every change is published as ``notices``. Used in the loop's thread only."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._notices: dict[str, Notice] = {}

    def set(self, key: str, error: PhotoveilError) -> None:
        """Note a matter; one noted before under this key is replaced but keeps its ``since``."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        old = self._notices.get(key)
        notice = Notice(key=key, **error.as_dict(), since=now)
        if old is not None and replace(notice, since=old.since) == old:
            return
        self._notices[key] = notice
        self._hub.publish("notices")

    def clear(self, key: str) -> None:
        """The matter is settled; a key that ends with ``/`` settles all that begin with it."""
        gone = [
            known for known in self._notices if known == key or (key.endswith("/") and known.startswith(key))
        ]
        for known in gone:
            del self._notices[known]
        if gone:
            self._hub.publish("notices")

    def all(self) -> list[Notice]:
        """Every matter at hand, oldest first."""
        return list(self._notices.values())
