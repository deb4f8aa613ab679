"""The shapes that several verbs share, as JSON schemas."""

from __future__ import annotations

from photoveil.api.schema import (
    Schema,
    anything,
    array,
    count,
    maybe,
    number,
    one_of,
    record,
    switch,
    table,
    text,
    whole,
)
from photoveil.assistant.choices import MOST_REGIONS
from photoveil.assistant.kinds import KINDS as KINDS_OF_REGIONS
from photoveil.methods import METHODS, MOST_PRIVATE
from photoveil.protection import catalogue
from photoveil.settings.model import OUTPUTS, PERSONA_COLOURS, POLLING

STATES = ("queued", "running", "done", "failed", "cancelled", "unchanged")
KINDS = ("upload", "folder", "archive")
WORKER = one_of("absent", "starting", "ready", "busy")
COLOUR = one_of(*PERSONA_COLOURS)

SHA256 = text("a SHA-256 in lower-case hex digits", low=64, high=64, pattern="^[0-9a-f]{64}$")
IDENTITY = text("an id of this daemon", low=1, high=64, pattern="^[A-Za-z0-9_-]{1,64}$")
CLIENT = text("an id of 16 hex digits", low=16, high=16, pattern="^[0-9a-f]{16}$")
NONCE = text("32 bytes in base64url", low=43, high=43, pattern="^[A-Za-z0-9_-]{43}$")
FOLDER = text("the id of a watched folder", low=12, high=12, pattern="^[0-9a-f]{12}$")
HOST = text("the host name of a site", low=1, high=300)
PERSONA = text("the name of a persona", low=1, high=64)
PATH = text("an absolute path", low=1, high=4096, pattern="^[^\\x00]{1,4096}$")
STRENGTH = one_of(*catalogue.STRENGTHS)
METHOD = one_of(*METHODS)
SLIDER = whole(0, MOST_PRIVATE)
STRENGTH_USED = text(
    "the strength; with the method “assistant” the slider's place, 0 to 100",
    low=1,
    high=16,
    pattern=f"^({'|'.join(catalogue.STRENGTHS)}|[0-9]{{1,3}})$",
)
WAIT = whole(0, 25_000)
TIME = text("a moment in ISO 8601")
WORDS = text("words for the user", high=20_000)

CHOICE: dict[str, Schema] = {"persona": PERSONA, "strength": STRENGTH, "method": METHOD}
"""What may be chosen per folder."""
OPTIONAL_CHOICE = {name: maybe(schema) for name, schema in CHOICE.items()}
WISH: dict[str, Schema] = {**CHOICE, "slider": SLIDER}
"""What may be chosen per photo, and per site."""
OPTIONAL_WISH = {name: maybe(schema) for name, schema in WISH.items()}

ERROR_FIELDS: dict[str, Schema] = {"code": WORDS, "title": WORDS, "reason": WORDS, "remedy": WORDS}
ERROR = record(ERROR_FIELDS)
REFUSAL = record({"error": ERROR})
NOTICE = record({"key": WORDS, **ERROR_FIELDS, "since": TIME})
REPORT = table(anything())

RESULT = record(
    {
        "sha256": SHA256,
        "bytes": count(),
        "format": WORDS,
        "name": text(high=2000),
        "type": WORDS,
        "width": count(),
        "height": count(),
    }
)
REGION = record({"kind": one_of(*KINDS_OF_REGIONS), "box": array(number(0, 1), most=4), "hidden": switch()})
REGIONS = maybe(array(REGION, most=MOST_REGIONS))
JOB_STATE = record({"job": IDENTITY, "state": one_of(*STATES)})
JOB = record(
    {"job": IDENTITY, "state": one_of(*STATES), "stage": WORDS, "progress": number(0, 1)},
    error=ERROR,
    reason=WORDS,
    why=one_of("animation", "own-copy", "nothing-private"),
    result=RESULT,
    report=REPORT,
)
PAST_JOB = record(
    {
        "job": IDENTITY,
        "kind": one_of(*KINDS),
        "folder": maybe(FOLDER),
        "name": text(high=2000),
        "state": one_of(*STATES),
        "stage": WORDS,
        "progress": number(0, 1),
        "created": TIME,
        "finished": maybe(TIME),
        **CHOICE,
        "strength": STRENGTH_USED,
        "previews": switch(),
        "kept": switch(),
    },
    error=ERROR,
    reason=WORDS,
    why=WORDS,
    result=RESULT,
    report=REPORT,
    placed=WORDS,
)
PAGE: dict[str, Schema] = {"before": IDENTITY, "limit": whole(1, 200)}

QUEUE = record({"queued": count(), "running": count(), "waiting": count()})
PAUSED = {"paused": switch(), "until": maybe(TIME)}
PAUSE = record(PAUSED)
USAGE = record(
    {"items": count(), "blobs": count(), "bytes": count(), "limit": count(), "key_rung": maybe(WORDS)}
)
MODEL_SET_NAME = text("the name of a model set", low=1, high=64)
DOWNLOAD = record(
    {
        "model_set": WORDS,
        "kind": one_of("pull", "verify"),
        "state": one_of("running", "waiting", "failed"),
        "file": WORDS,
        "files_done": count(),
        "files": count(),
        "bytes_done": count(),
        "bytes_total": count(),
        "error": maybe(table(WORDS)),
        "again": maybe(TIME),
    }
)
OFFER = record({"model_set": WORDS, "bytes": count(), "seconds": maybe(number(0))})
BRIEF_MODELS: dict[str, Schema] = {"wanted": WORDS, "offer": maybe(OFFER), "download": maybe(DOWNLOAD)}
MODEL_SET = record(
    {
        "name": WORDS,
        "title": WORDS,
        "note": WORDS,
        "installed": switch(),
        "active": switch(),
        "fetched": switch(),
        "bytes": count(),
        "missing_bytes": count(),
        "seconds": maybe(number(0)),
        "quick_enough": switch(),
        "checked": maybe(array(table(WORDS))),
        "encoders": array(
            record(
                {
                    "name": WORDS,
                    "role": one_of("surrogate", "witness"),
                    "family": WORDS,
                    "parameters": count(),
                    "bytes": count(),
                    "licence": maybe(WORDS),
                }
            )
        ),
    }
)
MODELS = record(
    {
        **BRIEF_MODELS,
        "active": WORDS,
        "patience_seconds": count(),
        "offline": switch(),
        "source": WORDS,
        "folder": WORDS,
        "free_bytes": maybe(count()),
        "measuring": switch(),
        "machine": maybe(record({"device": WORDS, "device_name": WORDS, "precision": WORDS, "date": TIME})),
        "model_sets": array(MODEL_SET),
    }
)

RELEASE = record({"version": WORDS, "url": WORDS})
OVERVIEW = record(
    {
        "version": WORDS,
        "update": maybe(RELEASE),
        "welcome_done": switch(),
        "profile": WORDS,
        "port": count(),
        "state": one_of("idle", "working", "paused", "attention"),
        **PAUSED,
        "waiting_for": maybe(WORDS),
        "queue": QUEUE,
        "counts": record({"protected_total": count(), "protected_today": count(), "failed_today": count()}),
        "worker": WORKER,
        "device": maybe(WORDS),
        "model_set": WORDS,
        "models": record(BRIEF_MODELS),
        "persona": PERSONA,
        "strength": STRENGTH,
        "secrets": one_of("keyring", "file"),
        "notices": array(NOTICE),
        "folders": count(),
        "clients": count(),
        "vault": USAGE,
    }
)

SETTING = record(
    {
        "name": WORDS,
        "kind": one_of("choice", "integer", "switch", "text"),
        "value": anything(),
        "default": anything(),
        "title": WORDS,
        "group": WORDS,
        "help": WORDS,
        "live": switch(),
    },
    choices=array(WORDS),
    meanings=table(WORDS),
    low=number(),
    high=number(),
    unit=WORDS,
)
SETTINGS = record({"settings": array(SETTING), "file": WORDS, "unknown": array(WORDS)})

RULE: dict[str, Schema] = {
    **OPTIONAL_CHOICE,
    "output": one_of(*OUTPUTS),
    "mirror": maybe(PATH),
    "recursive": switch(),
    "keep_originals": switch(),
    "polling": one_of(*POLLING),
}
"""What may be chosen for a watched folder."""
WATCHED = record(
    {
        "folder": FOLDER,
        "path": WORDS,
        **RULE,
        "mirror": maybe(WORDS),
        "enabled": switch(),
        "mode": one_of("events", "polling", "missing", "off"),
        "waiting": count(),
        "protected": count(),
        "failed": count(),
        "unchanged": count(),
        "last_scan": maybe(TIME),
        "problem": maybe(table(anything())),
        "copies": WORDS,
    }
)

SITE = record({"protect": switch(), **OPTIONAL_WISH})
CHOICES = record(
    {
        "personas": array(record({"name": WORDS, "colour": COLOUR})),
        "strengths": array(record({"name": STRENGTH, "title": WORDS, "note": WORDS})),
        "methods": array(record({"name": METHOD, "title": WORDS, "note": WORDS})),
        "current": record({"persona": PERSONA, "strength": STRENGTH, "method": METHOD, "slider": SLIDER}),
    }
)
KNOWLEDGE = record({"model_set": maybe(WORDS), "photos": count(), "enough": count(), "settled": switch()})
PERSON = record(
    {
        "name": WORDS,
        "changed": maybe(TIME),
        "colour": WORDS,
        "strength": maybe(STRENGTH),
        "current": switch(),
    },
    model_sets=array(KNOWLEDGE),
    error=ERROR,
)
ORIGINAL = record(
    {
        "item": IDENTITY,
        "name": text(high=2000),
        "path": maybe(WORDS),
        "sha256": SHA256,
        "bytes": count(),
        "created": TIME,
        "restored": maybe(TIME),
    }
)
PAIRED = record(
    {
        "client": CLIENT,
        "kind": one_of("browser", "dashboard"),
        "name": WORDS,
        "origin": WORDS,
        "created": TIME,
        "last_used": maybe(TIME),
    }
)
PAIRING = record(
    {"state": one_of("waiting", "confirm", "paired", "refused", "expired"), "shown": switch()},
    name=WORDS,
    origin=WORDS,
)
