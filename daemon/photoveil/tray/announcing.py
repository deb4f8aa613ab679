"""When a notification is worth disturbing somebody: rarely."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from photoveil.tray.menu import shown
from photoveil.tray.state import TrayState

SECONDS_BETWEEN = 600.0
MANY_PHOTOS = 20


@dataclass(frozen=True)
class Message:
    """What a notification says."""

    title: str
    text: str


class Announcer:
    """Watches the states go by and answers the few messages worth showing, at most one in ten minutes.

    Args:
        clock: seconds; tests put their own here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._before: TrayState | None = None
        self._told: frozenset[str] = frozenset()
        self._batch = 0
        self._away = True

    def looked(self) -> None:
        """The user is here: the end of what is in work now will be no news to them."""
        self._away = False

    def news(self, state: TrayState) -> Message | None:
        """What to tell about this state, having seen those before it."""
        before, self._before = self._before, state
        if before is None:
            # Trouble that was there when the session began is on the icon; a message at each login would only annoy.
            self._told = frozenset(state.notices)
            self._batch = state.total
            return None
        finished = self._finished(state)
        self._told &= frozenset(state.notices)
        if not state.notifications:
            self._told = frozenset(state.notices)
            return None
        if self.wait() > 0:
            return None
        message = self._trouble(state) or _first(before, state) or finished
        if message is not None:
            self._last = self._clock()
        return message

    def wait(self) -> float:
        """Seconds until the next message may be shown."""
        return 0.0 if self._last is None else max(0.0, self._last + SECONDS_BETWEEN - self._clock())

    def due(self) -> float | None:
        """In how many seconds to ask again although nothing changed: trouble waits for its turn; None: no need."""
        state = self._before
        if state is None or not state.notifications or not set(state.notices) - self._told:
            return None
        return self.wait()

    def _trouble(self, state: TrayState) -> Message | None:
        fresh = [title for title in state.notices if title not in self._told]
        if not fresh:
            return None
        self._told = frozenset(state.notices)
        more = f" (and {len(fresh) - 1} more)" if len(fresh) > 1 else ""
        return Message(
            "Photoveil needs your attention", f"{shown(fresh[0])}{more}. The tray menu tells more."
        )

    def _finished(self, state: TrayState) -> Message | None:
        if state.total:
            self._batch = max(self._batch, state.total)
            return None
        photos, away = self._batch, self._away
        self._batch, self._away = 0, True
        if photos < MANY_PHOTOS or not away:
            return None
        return Message("Your photos are done", f"Photoveil went through {photos} photos while you were away.")


def _first(before: TrayState, state: TrayState) -> Message | None:
    if before.protected_total != 0 or not state.protected_total:
        return None
    return Message(
        "Your first photo is protected",
        "Photoveil works quietly from now on. Its icon shows what it does; the dashboard shows before and after.",
    )
