"""The verbs of the first run, of starting at login and of newer versions."""

from __future__ import annotations

from photoveil.api import shapes
from photoveil.api.schema import array, maybe, one_of, record, switch
from photoveil.api.verb import Access, Verb

_AUTOSTART = record(
    {
        "state": one_of("on", "off", "broken"),
        "where": shapes.WORDS,
        "command": array(shapes.WORDS),
        "problem": shapes.WORDS,
        "by_package": switch(),
    }
)
_UPDATES = record(
    {
        "wanted": switch(),
        "url": shapes.WORDS,
        "version": shapes.WORDS,
        "checked": maybe(shapes.WORDS),
        "newer": maybe(shapes.RELEASE),
        "error": maybe(record(shapes.ERROR_FIELDS)),
    }
)
_WELCOME = record(
    {
        "done": switch(),
        "folders": array(shapes.WORDS),
        "extension": record(
            {
                "chromium": maybe(shapes.WORDS),
                "firefox": maybe(shapes.WORDS),
                "provided": array(one_of("chromium", "firefox")),
            }
        ),
        "autostart": _AUTOSTART,
        "updates": _UPDATES,
    }
)

WELCOME_VERBS = (
    Verb(
        "welcome",
        Access.OWNER,
        "What the first-run page needs: folders that may hold photos, where the extension lies, what starts at login.",
        answer=_WELCOME,
    ),
    Verb("welcome/done", Access.OWNER, "The user has gone through the first-run page, or does not want to."),
    Verb("autostart", Access.OWNER, "Whether Photoveil starts at login.", answer=_AUTOSTART),
    Verb(
        "autostart/change",
        Access.OWNER,
        "Start Photoveil at login, or no longer.",
        record({"on": switch()}),
        _AUTOSTART,
    ),
    Verb("updates", Access.OWNER, "What is known of newer versions; nobody is asked.", answer=_UPDATES),
    Verb("updates/check", Access.OWNER, "Ask for a newer version now.", answer=_UPDATES),
)
