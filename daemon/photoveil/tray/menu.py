"""The menu and the tooltip: pure functions of the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from photoveil.tray.state import TrayState

_LONGEST = 44
_RECENT = 8
_NOTICES = 5
_MODES = {"missing": "not there now", "off": "switched off", "polling": "looked at from time to time"}


@dataclass(frozen=True)
class Item:
    """One entry.

    Args:
        text: what it says; `SEPARATOR` has none.
        action: what to ask the `Port` for; empty where a click does nothing.
        argument: goes with the action.
        checked: None for an entry that is no choice, else whether it is the chosen one of its siblings.
        enabled: whether it can be clicked.
        default: done by a plain click on the icon, where the desktop knows such a thing.
        children: makes it a submenu.
    """

    text: str
    action: str = ""
    argument: str = ""
    checked: bool | None = None
    enabled: bool = True
    default: bool = False
    children: tuple[Item, ...] = ()


SEPARATOR = Item("")


def menu(state: TrayState, today: date | None = None) -> tuple[Item, ...]:
    """The whole menu, top to bottom."""
    return (
        Item(summary(state, today), enabled=False),
        *_notices(state),
        SEPARATOR,
        Item("Open the dashboard", "dashboard", default=not state.welcome),
        *_pause(state),
        *_news(state),
        SEPARATOR,
        _choice("Strength", "strength", state.strength, state.strengths),
        _choice("Persona", "persona", state.persona, state.personas),
        _folders(state),
        _recent(state),
        *_models(state),
        SEPARATOR,
        Item(_browsers(state), "pair"),
        Item("Quit Photoveil", "quit"),
    )


def summary(state: TrayState, today: date | None = None) -> str:
    """The state in a few words."""
    if state.state == "attention":
        return "Needs your attention"
    if state.state == "paused":
        return f"Paused {_until(state.paused_until, today)}"
    if state.state == "working":
        return "Protecting a photo" if state.total <= 1 else f"Protecting {state.total} photos"
    return "Ready"


def tooltip(state: TrayState, today: date | None = None) -> str:
    """What the icon says when the pointer rests on it."""
    now = _lower(summary(state, today))
    if state.state == "working" and state.total > 1:
        now = f"{min(state.done, state.total)} of {state.total} photos done"
    if not state.fetching:
        return f"Photoveil: {now}"
    share = "" if state.fetched is None else f", {state.fetched} %"
    return f"Photoveil: {now}; fetching “{shown(state.fetching)}”{share}"


def shown(text: str) -> str:
    """A name as a menu may show it: one line, not too long, nothing that plays tricks on the reader."""
    clean = "".join(char if char.isprintable() else " " for char in text).strip()
    if len(clean) <= _LONGEST:
        return clean or "(no name)"
    # The end of a photo's name tells it from its neighbours as often as the beginning does.
    return f"{clean[: _LONGEST - 15]}…{clean[-14:]}"


def _notices(state: TrayState) -> tuple[Item, ...]:
    items = tuple(Item(f"⚠ {shown(title)}", "notice", title) for title in state.notices[:_NOTICES])
    left = len(state.notices) - _NOTICES
    return (*items, Item(f"and {left} more…", "dashboard")) if left > 0 else items


def _news(state: TrayState) -> tuple[Item, ...]:
    welcome = (Item("Finish setting up…", "welcome", default=True),) if state.welcome else ()
    update = (Item(f"Version {shown(state.update)} is there…", "update"),) if state.update else ()
    return (*welcome, *update)


def _pause(state: TrayState) -> tuple[Item, ...]:
    if state.state == "paused" or state.paused_until is not None:
        return (Item("Resume", "resume"),)
    lengths = (
        Item("For 10 minutes", "pause", "10"),
        Item("For 1 hour", "pause", "60"),
        Item("Until I resume", "pause"),
    )
    return (Item("Pause", children=lengths),)


def _choice(text: str, action: str, current: str, names: tuple[str, ...]) -> Item:
    if not names:
        return Item(text, enabled=False)
    choices = tuple(Item(shown(name), action, name, checked=name == current) for name in names)
    return Item(f"{text}: {shown(current)}" if current else text, children=choices)


def _folders(state: TrayState) -> Item:
    change = Item("Change…", "folders")
    if not state.folders:
        return Item("Watch a folder…", "folders")
    entries = tuple(
        Item(_with_note(name, _MODES.get(mode, "")), "folder", folder, enabled=mode != "missing")
        for folder, name, mode in state.folders
    )
    return Item("Watched folders", children=(*entries, SEPARATOR, change))


def _recent(state: TrayState) -> Item:
    if not state.recent:
        return Item("Recent photos", enabled=False)
    entries = (Item(_with_note(name, result), "photo", job) for job, name, result in state.recent[:_RECENT])
    return Item("Recent photos", children=tuple(entries))


def _models(state: TrayState) -> tuple[Item, ...]:
    """One line; the percentage is in the tooltip, as an open menu that changes would close."""
    if state.fetching:
        return (Item(f"Fetching “{shown(state.fetching)}”…", "models"),)
    return (Item(f"Model set: {shown(state.model_set)}", "models"),) if state.model_set else ()


def _browsers(state: TrayState) -> str:
    return f"Connect a browser… ({state.clients} connected)" if state.clients else "Connect a browser…"


def _with_note(name: str, note: str) -> str:
    return f"{shown(name)} ({shown(note)})" if note else shown(name)


def _until(moment: str | None, today: date | None) -> str:
    if moment is None:
        return "until you resume"
    try:
        local = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return "for a while"
    same_day = local.date() == (today or datetime.now().astimezone().date())
    return f"until {local:%H:%M}" if same_day else f"until {local:%A %H:%M}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
