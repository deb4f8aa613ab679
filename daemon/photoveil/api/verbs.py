"""Every verb of the protocol: who may use it, what it takes and what it answers."""

from __future__ import annotations

from photoveil.api import shapes
from photoveil.api.schema import array, maybe, one_of, record, switch, table, text, whole
from photoveil.api.tool_table import TOOL_VERBS
from photoveil.api.verb import BYTES, EVENTS, JSON, MAX_PHOTO, Access, Verb
from photoveil.api.welcome_table import WELCOME_VERBS

__all__ = ["BYTES", "EVENTS", "JSON", "MAX_PHOTO", "VERBS", "Access", "Verb"]

_WISH = shapes.WISH
_JOB = record({"job": shapes.IDENTITY})
_REGIONS = record({"photo": shapes.SHA256, "regions": shapes.REGIONS})
_FOLDER = record({"folder": shapes.FOLDER})
_MODEL_SET = record({"model_set": shapes.MODEL_SET_NAME})
_SITES = record({"sites": table(shapes.SITE)})

_MEETING = (
    Verb(
        "pair/begin",
        Access.PAIRING,
        "A browser whose user was shown the code.",
        record({"nc": shapes.NONCE, "name": text(low=1, high=64), "proof": shapes.NONCE}),
        record({"client": shapes.CLIENT, "ns": shapes.NONCE, "proof": shapes.NONCE}),
        limit=4096,
    ),
    Verb(
        "pair/finish",
        Access.PAIRING,
        "Whether the user has confirmed the browser.",
        record({"client": shapes.CLIENT, "proof": shapes.NONCE}),
        record({"state": one_of("waiting", "paired")}),
        statuses=(200, 202),
        limit=4096,
    ),
    Verb(
        "session",
        Access.OPENING,
        "The daemon proves itself, and both sides agree on a session key.",
        record({"client": shapes.CLIENT, "nc": shapes.NONCE}),
        record({"session": shapes.CLIENT, "ns": shapes.NONCE, "proof": shapes.NONCE}),
        limit=4096,
    ),
    Verb(
        "dashboard/open",
        Access.SIGN_IN,
        "The dashboard exchanges a one-time code for a client of its own.",
        record({"code": text("a one-time code", low=1, high=64)}),
        record({"client": shapes.CLIENT, "key": shapes.NONCE}),
        limit=1024,
    ),
    Verb(
        "dashboard/link",
        Access.LOCAL,
        "An address that opens the dashboard signed in, once; `place` is the page.",
        record(place=text("a page of the dashboard", high=80, pattern="^[a-z/]{0,80}$")),
        record({"url": shapes.WORDS, "seconds": whole(1, 600)}),
    ),
    Verb(
        "pairing/start",
        Access.OWNER,
        "A code for a browser: shown to a person, or brought there by the program that asks.",
        record(shown=switch()),
        record({"code": shapes.WORDS, "seconds": whole(1, 600)}),
    ),
    Verb(
        "pairing/state",
        Access.OWNER,
        "What has come of the pairing; waits while no browser has come.",
        record(wait_ms=shapes.WAIT),
        shapes.PAIRING,
    ),
    Verb(
        "pairing/confirm",
        Access.OWNER,
        "The user's answer to the browser that came.",
        record({"accept": switch()}),
        shapes.PAIRING,
    ),
    Verb(
        "clients",
        Access.OWNER,
        "Every paired browser and every open dashboard.",
        answer=record({"clients": array(shapes.PAIRED)}),
    ),
    Verb(
        "clients/revoke",
        Access.OWNER,
        "A client is no longer welcome: its key, sessions and streams end.",
        record({"client": shapes.CLIENT}),
    ),
    Verb("stop", Access.LOCAL, "End the daemon."),
)

_PHOTOS = (
    Verb(
        "status",
        Access.CLIENT,
        "What the daemon is and does.",
        answer=record(
            {
                "version": shapes.WORDS,
                "api": whole(1, 1),
                "model_set": shapes.WORDS,
                "device": maybe(shapes.WORDS),
                "worker": shapes.WORKER,
                "jobs": record({"queued": whole(0, 1 << 40), "running": whole(0, 1 << 40)}),
                "secrets": one_of("keyring", "file"),
                **shapes.PAUSED,
            }
        ),
    ),
    Verb(
        "lookup",
        Access.CLIENT,
        "Whether these bytes are known: an original done before, or a protected copy.",
        record({"sha256": shapes.SHA256}, **_WISH, site=shapes.HOST),
        record({"state": one_of("unknown", "protected-copy", "original")}, job=shapes.IDENTITY),
    ),
    Verb(
        "prewarm",
        Access.CLIENT,
        "A file picker has opened: load the encoders.",
        answer=record({"worker": shapes.WORKER}),
    ),
    Verb(
        "protect",
        Access.CLIENT,
        "Take a photo in.",
        record({"name": text(high=1000)}, type=text(high=255), **_WISH, site=shapes.HOST),
        shapes.JOB_STATE,
        content_type=BYTES,
        statuses=(200, 202),
        limit=MAX_PHOTO,
    ),
    Verb(
        "job",
        Access.CLIENT,
        "How far a photo is, at the next change if the client wants to wait. Owners: any job.",
        record({"job": shapes.IDENTITY}, wait_ms=shapes.WAIT),
        shapes.JOB,
    ),
    Verb(
        "result",
        Access.CLIENT,
        "The protected file. Owners: of any job.",
        _JOB,
        None,
        answers="image/*",
    ),
    Verb(
        "cancel",
        Access.CLIENT,
        "The photo is no longer wanted. Owners: any job.",
        _JOB,
        shapes.JOB_STATE,
    ),
    Verb(
        "regions",
        Access.OWNER,
        "What the user has chosen to hide on a job's photo for AI assistants; null where it is found.",
        _JOB,
        _REGIONS,
    ),
    Verb(
        "regions/change",
        Access.OWNER,
        "Choose what is hidden on a job's photo, wherever it comes again; null has it found.",
        record({"job": shapes.IDENTITY, "regions": shapes.REGIONS}),
        _REGIONS,
    ),
    Verb("retry", Access.OWNER, "Try a job again that has failed or was cancelled.", _JOB, shapes.JOB_STATE),
    Verb(
        "events",
        Access.CLIENT,
        "What changes, as it changes; the answer does not end by itself.",
        answer=None,
        answers=EVENTS,
    ),
)

_DAYS = (
    Verb("overview", Access.OWNER, "All that one look at Photoveil should tell.", answer=shapes.OVERVIEW),
    Verb(
        "history",
        Access.OWNER,
        "Jobs, newest first; `before` is the last one of the page before.",
        record(
            **shapes.PAGE, states=array(one_of(*shapes.STATES), most=6, unique=True), folder=shapes.FOLDER
        ),
        record({"jobs": array(shapes.PAST_JOB), "more": switch()}),
    ),
    Verb(
        "preview",
        Access.OWNER,
        "A small picture of a photo before or after.",
        record({"job": shapes.IDENTITY, "side": one_of("before", "after")}),
        None,
        answers="image/webp",
    ),
    Verb(
        "pause",
        Access.OWNER,
        "Hold back work in folders for some minutes, or until `resume`. Uploads are protected all the same.",
        record(minutes=maybe(whole(1, 10_080))),
        shapes.PAUSE,
    ),
    Verb("resume", Access.OWNER, "Go on with the work in folders.", answer=shapes.PAUSE),
    Verb(
        "notices/dismiss",
        Access.OWNER,
        "The user has read a notice.",
        record({"key": text("the key of a notice", low=1, high=200)}),
    ),
    Verb(
        "models",
        Access.OWNER,
        "The model sets there are, which is in force, and how quick each would be on this computer.",
        answer=shapes.MODELS,
    ),
    Verb("models/pull", Access.OWNER, "Fetch a model set in the background.", _MODEL_SET, shapes.MODELS),
    Verb("models/cancel", Access.OWNER, "Give up what is being fetched or checked.", answer=shapes.MODELS),
    Verb(
        "models/verify",
        Access.OWNER,
        "Check a model set's files in the background.",
        _MODEL_SET,
        shapes.MODELS,
    ),
    Verb("models/remove", Access.OWNER, "Delete a model set that was fetched.", _MODEL_SET, shapes.MODELS),
    Verb("models/decline", Access.OWNER, "Do not offer a model set again.", _MODEL_SET, shapes.MODELS),
    Verb("models/measure", Access.OWNER, "Find out again how fast this computer is.", answer=shapes.MODELS),
)

_CHOICES = (
    Verb("settings", Access.OWNER, "Every setting, its value and what it may be.", answer=shapes.SETTINGS),
    Verb(
        "settings/change",
        Access.OWNER,
        "Change settings; null returns one to its default. All of them or none.",
        record({"changes": table({"description": "a setting's value"})}),
        shapes.SETTINGS,
    ),
    Verb(
        "folders",
        Access.OWNER,
        "Every watched folder, how it is treated and how far it is.",
        answer=record({"folders": array(shapes.WATCHED)}),
    ),
    Verb(
        "folders/add",
        Access.OWNER,
        "Watch a folder.",
        record({"path": shapes.PATH}, **shapes.RULE),
        _FOLDER,
    ),
    Verb(
        "folders/change",
        Access.OWNER,
        "Treat a watched folder differently; what is not named stays.",
        record({"folder": shapes.FOLDER}, **shapes.RULE, enabled=switch()),
        _FOLDER,
    ),
    Verb("folders/remove", Access.OWNER, "Watch a folder no longer; its files stay.", _FOLDER),
    Verb("folders/rescan", Access.OWNER, "Look through one folder or all now.", record(folder=shapes.FOLDER)),
    Verb(
        "folders/suggest",
        Access.OWNER,
        "Folders of this computer whose path begins so.",
        record({"prefix": text("a path", high=4096, pattern="^[^\\x00]{0,4096}$")}),
        record({"folders": array(shapes.WORDS, most=20)}),
    ),
    Verb(
        "personas",
        Access.OWNER,
        "Everyone whose photos belong together.",
        answer=record({"personas": array(shapes.PERSON)}),
    ),
    Verb(
        "personas/change",
        Access.OWNER,
        "Give a persona a colour or a strength of its own; makes it where it is not there.",
        record({"name": shapes.PERSONA}, colour=shapes.COLOUR, strength=maybe(shapes.STRENGTH)),
    ),
    Verb(
        "personas/forget",
        Access.OWNER,
        "Forget a persona: what was learnt of it and how it is shown.",
        record({"name": shapes.PERSONA}),
    ),
    Verb(
        "choices",
        Access.CLIENT,
        "What a user can choose for a site, and what holds there where nothing was chosen.",
        record(site=shapes.HOST),
        shapes.CHOICES,
    ),
    Verb("sites", Access.CLIENT, "How the sites that have wishes of their own are treated.", answer=_SITES),
    Verb(
        "sites/change",
        Access.OWNER,
        "Treat a site differently; what is not named stays.",
        record({"host": shapes.HOST}, protect=switch(), **shapes.OPTIONAL_WISH),
        _SITES,
    ),
    Verb(
        "sites/choose",
        Access.CLIENT,
        "As `sites/change`, for a browser's user: within what `choices` offers.",
        record(
            {"host": shapes.HOST},
            protect=switch(),
            persona=maybe(shapes.PERSONA),
            strength=maybe(shapes.STRENGTH),
            slider=maybe(shapes.SLIDER),
        ),
        _SITES,
    ),
    Verb(
        "sites/remove",
        Access.OWNER,
        "Treat a site like any other.",
        record({"host": shapes.HOST}),
        _SITES,
    ),
)

_VAULT = (
    Verb(
        "vault",
        Access.OWNER,
        "The originals that are kept, newest first.",
        record(**shapes.PAGE),
        record({"usage": shapes.USAGE, "items": array(shapes.ORIGINAL), "more": switch()}),
    ),
    Verb(
        "vault/restore",
        Access.OWNER,
        "Put an original back, or into a folder or file `to`; nothing else is overwritten.",
        record({"item": shapes.IDENTITY}, to=shapes.PATH),
        record({"path": shapes.WORDS, "beside": switch()}),
    ),
    Verb(
        "vault/remove",
        Access.OWNER,
        "Keep an original no longer.",
        record({"item": shapes.IDENTITY}),
    ),
    Verb(
        "vault/fetch",
        Access.OWNER,
        "An original's bytes.",
        record({"item": shapes.IDENTITY}),
        None,
        answers=BYTES,
    ),
)

_ALL = (*_MEETING, *_PHOTOS, *TOOL_VERBS, *_DAYS, *_CHOICES, *_VAULT, *WELCOME_VERBS)
VERBS = {f"/v1/{verb.name}": verb for verb in _ALL}
"""By the exact path of their URL."""
