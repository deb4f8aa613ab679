"""What the tray shows, and what it may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

StateName = Literal["idle", "working", "paused", "attention"]


@dataclass(frozen=True)
class TrayState:
    """Everything the icon, its menu and its notifications are made of.

    Args:
        state: which of the four icons is shown; attention goes before paused, paused before working.
        done: photos finished of the batch in work; uploads and folders count alike.
        total: photos in that batch; 0 when there is nothing to do.
        paused_until: ISO time at which a pause runs out by itself, None for one that lasts until resumed.
        folders: watched folders as (id, name to show, mode: events, polling, missing or off).
        recent: newest photos as (job, name, what became of it in a word or two).
        notices: titles of what needs the user's attention.
        clients: connected browsers.
        protected_total: photos protected ever; None where nobody has counted yet.
        notifications: the setting of this name.
        model_set: what photos are protected against, in a few words; empty where nobody knows yet.
        fetching: the model set that is being fetched; empty for none.
        fetched: how much of it is here, in percent; None where that is not known.
        welcome: whether the first-run page has not been gone through.
        update: a newer version, if one is known of.
    """

    state: StateName = "idle"
    done: int = 0
    total: int = 0
    paused_until: str | None = None
    strength: str = ""
    strengths: tuple[str, ...] = ()
    persona: str = ""
    personas: tuple[str, ...] = ()
    folders: tuple[tuple[str, str, str], ...] = ()
    recent: tuple[tuple[str, str, str], ...] = ()
    notices: tuple[str, ...] = ()
    clients: int = 0
    protected_total: int | None = None
    notifications: bool = True
    model_set: str = ""
    fetching: str = ""
    fetched: int | None = None
    welcome: bool = False
    update: str = ""


class Port(Protocol):
    """The daemon as the tray sees it. Every method may be called from any thread and answers within a moment."""

    def state(self) -> TrayState:
        """What is to be shown now."""

    def do(self, action: str, argument: str = "") -> None:
        """Start what the user chose; a PhotoveilError is shown to them."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called, from any thread, whenever the state may have changed."""
