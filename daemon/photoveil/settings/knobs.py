"""Every simple setting in one table: what it may be, how it is explained, and what the template says about it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from photoveil.methods import METHODS, MOST_PRIVATE
from photoveil.paths import models_dir
from photoveil.protection import catalogue
from photoveil.settings.model import AUTO_SET, METADATA_POLICIES, Settings
from photoveil.settings.texts import (
    ENDPOINT_RULE,
    FOLDER_RULE,
    MODEL_RULE,
    PERSONA_RULE,
    valid_endpoint,
    valid_folder,
    valid_model_name,
    valid_persona,
)

_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}

Kind = Literal["choice", "integer", "switch", "text"]


@dataclass(frozen=True)
class Knob:
    """One simple setting.

    Attributes:
        title: its name for people.
        help: plain sentences; the first explains it, and all of them stand above it in the template.
        group: what it is shown together with.
        words: what a choice may be, with the meaning of each; empty where that depends on the installation.
        live: whether a change takes effect at once; else at the next start.
        valid, rule: what a text may be, and the same in words.
    """

    name: str
    kind: Kind
    group: str
    title: str
    help: str
    words: Mapping[str, str] | None = None
    low: int = 0
    high: int = 0
    unit: str = ""
    live: bool = True
    valid: Callable[[object], bool] = lambda value: isinstance(value, str)
    rule: str = "be a text"

    @property
    def default(self) -> Any:
        """What holds where the user chose nothing."""
        return DEFAULTS[self.name]

    @property
    def choices(self) -> tuple[str, ...]:
        """What a choice may be at this moment."""
        return choices(self.name) if self.words is None else tuple(self.words)

    def complaint(self, value: object) -> str | None:
        """What is wrong with ``value``, as the end of a sentence that begins with the name; None if nothing."""
        if self.kind == "integer":
            fits = type(value) is int and self.low <= value <= self.high
            return None if fits else f"must be a whole number from {self.low} to {self.high}"
        if self.kind == "switch":
            return None if isinstance(value, bool) else "must be true or false (on or off)"
        if self.kind == "text":
            return None if self.valid(value) else f"must {self.rule}"
        fits = isinstance(value, str) and value in self.choices
        return None if fits else f"must be one of: {', '.join(self.choices) or 'none is installed'}"

    def understood(self, text: str) -> Any:
        """What somebody typed as a value, where it can be read as one; ``complaint`` says whether it may be."""
        if self.kind == "integer" and text.isascii() and text.lstrip("-").isdecimal():
            return int(text)
        if self.kind == "switch":
            return _SWITCH.get(text.lower(), text)
        return text


def _wait(what: str) -> dict[str, str]:
    return {"wait": f"photos in watched folders wait {what}", "work": "they are protected all the same"}


_KNOBS = (
    Knob(
        "persona",
        "text",
        "protection",
        "Persona",
        "Whose photos these are, unless a folder, a site or a command says otherwise. "
        'Each persona has its own anchor. Letters, digits, spaces, "-" and "_".',
        valid=valid_persona,
        rule=f"have {PERSONA_RULE}",
    ),
    Knob(
        "strength",
        "choice",
        "protection",
        "Strength",
        "How much a photo may be changed. Stronger protects better and is easier to see; "
        '"film" is a look that is meant to be seen.',
        words={name: strength.description for name, strength in catalogue.STRENGTHS.items()},
    ),
    Knob(
        "model_set",
        "choice",
        "protection",
        "Model set",
        "The encoders that photos are protected against; `photoveil models list` shows them. "
        '"auto" takes the best set on this computer that needs no longer than you want to wait for a photo. '
        "Until a set is here, the starters serve: they are for trying, not for trusting.",
    ),
    Knob(
        "metadata",
        "choice",
        "protection",
        "Metadata",
        "What the protected copy keeps of the notes that cameras leave in a photo.",
        words={
            "strip-location": "everything but where the photo was taken",
            "strip-all": "nothing",
            "keep": "everything, the place included",
        },
    ),
    Knob(
        "patience_seconds",
        "integer",
        "models",
        "Longest wait for a photo",
        'How long a photo may take at the strength "balanced" when the model set is chosen by itself.',
        low=1,
        high=600,
        unit="seconds",
    ),
    Knob(
        "device",
        "choice",
        "models",
        "Compute on",
        'What the encoders run on. "auto" takes a graphics card where there is a usable one. '
        "If the one named here is missing or out of memory, the processor does the work, and the report says so.",
        words={
            "auto": "the best there is",
            "cuda": "a graphics card of NVIDIA, or of AMD with ROCm",
            "xpu": "a graphics card of Intel",
            "mps": "the graphics of a Mac",
            "cpu": "the processor; works everywhere",
        },
    ),
    Knob(
        "model_endpoint",
        "text",
        "models",
        "Mirror",
        "Where model sets are fetched from if not from huggingface.co: the address of a mirror that speaks its "
        "protocol. What is fetched is checked in the same way.",
        valid=valid_endpoint,
        rule=ENDPOINT_RULE,
    ),
    Knob(
        "offline",
        "switch",
        "models",
        "Stay offline",
        "Whether Photoveil never uses the network. It only does to fetch a model set that you asked for, and for what "
        "you switch on or name here: new versions, an AI service.",
    ),
    Knob(
        "update_check",
        "switch",
        "desktop",
        "Tell me about new versions",
        "Whether Photoveil asks about once a week if there is a newer version. It tells you and installs nothing. "
        "The question says nothing about you, not even which version you have.",
    ),
    Knob(
        "update_url",
        "text",
        "desktop",
        "Where to ask for new versions",
        "The address that tells the newest version, as GitHub tells a project's latest release or as "
        '{"version": "1.2.0", "url": "https://…"}. Empty: nobody is asked.',
        valid=valid_endpoint,
        rule=ENDPOINT_RULE,
    ),
    Knob(
        "remote_endpoint",
        "text",
        "models",
        "AI service for photos",
        "The only address beyond this computer that audits and the assistant mode may send photos to, such as "
        "https://api.example.org/v1; empty for none. It is used only when a command also says so (--remote), or where "
        "it is the assistant mode's model, too.",
        valid=valid_endpoint,
        rule=ENDPOINT_RULE,
    ),
    Knob(
        "assistant_slider",
        "integer",
        "assistant",
        "Useful or private",
        "How far private things are hidden on photos for AI assistants such as ChatGPT: 0 keeps the photo as useful as "
        "can be, 100 as private as can be, and 50 is the best of both. A site may have its own.",
        low=0,
        high=MOST_PRIVATE,
    ),
    Knob(
        "assistant_endpoint",
        "text",
        "assistant",
        "Model that is asked",
        "The address of a vision model, such as http://127.0.0.1:11434/v1, that tells whether its answers about a "
        "photo stay the same when private things are hidden. It is shown a small copy of the photo as it is, and then "
        "such with things hidden. Empty to let the encoders judge: then nothing is sent anywhere. A model beyond this "
        "computer is asked only if “AI service for photos” names the very same address.",
        valid=valid_endpoint,
        rule=ENDPOINT_RULE,
    ),
    Knob(
        "assistant_model",
        "text",
        "assistant",
        "Name of that model",
        "What that model is called there, such as qwen2.5vl:3b. Without a name nobody is asked.",
        valid=valid_model_name,
        rule=MODEL_RULE,
    ),
    Knob(
        "unlearnable_model",
        "text",
        "models",
        "Folder of a vision-language model",
        "For the method “unlearnable”: a folder with a vision-language model in the form of transformers, such as "
        "~/models/Qwen2.5-VL-3B-Instruct. It is only read, nothing is ever fetched for it. Empty for none: then the "
        "method cannot be used.",
        valid=valid_folder,
        rule=FOLDER_RULE,
    ),
    Knob(
        "on_battery",
        "choice",
        "folders",
        "On battery",
        "Whether photos in watched folders wait while the computer runs on its battery. Uploads never wait.",
        words=_wait("until it is plugged in"),
    ),
    Knob(
        "when_busy",
        "choice",
        "folders",
        "When busy",
        "Whether photos in watched folders wait while other programs need most of the processor. Uploads never wait.",
        words=_wait("until the computer is less busy"),
    ),
    Knob(
        "rescan_minutes",
        "integer",
        "folders",
        "Look again after",
        "How often watched folders are looked through from top to bottom, in case the system did not tell of a change.",
        low=1,
        high=1440,
        unit="minutes",
    ),
    Knob(
        "notifications",
        "switch",
        "desktop",
        "Notifications",
        "Whether the desktop shows a message when something needs your attention.",
    ),
    Knob(
        "previews",
        "switch",
        "history",
        "Previews",
        "Whether small pictures of the newest 200 photos, before and after, are kept for the history. "
        "Without them the history shows what was done in words only.",
    ),
    Knob(
        "history_days",
        "integer",
        "history",
        "Keep the history for",
        "How long the history remembers what was done. Protected copies and originals do not depend on it.",
        low=1,
        high=3650,
        unit="days",
    ),
    Knob(
        "vault_mb",
        "integer",
        "storage",
        "Size of the vault",
        "How much room the vault with encrypted originals may take. When it is full, nothing is dropped: "
        "photos that need it wait until you make room.",
        low=1,
        high=10_000_000,
        unit="megabytes",
    ),
    Knob(
        "cache_mb",
        "integer",
        "storage",
        "Size of the cache",
        "How much room protected copies may take that are kept for the next upload of the same photo. "
        "The oldest make room for new ones.",
        low=1,
        high=1_000_000,
        unit="megabytes",
    ),
    Knob(
        "worker_idle_seconds",
        "integer",
        "technical",
        "Keep the encoders for",
        "After how many idle seconds the process with the encoders leaves the memory. "
        "The next photo then waits until they are loaded again.",
        low=5,
        high=86_400,
        unit="seconds",
    ),
    Knob(
        "port",
        "integer",
        "technical",
        "Port",
        "The first of the five ports tried on 127.0.0.1. Browsers only look at the default. "
        "A change takes effect at the next start.",
        low=0,
        high=65_535,
        live=False,
    ),
    Knob(
        "log_level",
        "choice",
        "technical",
        "Log",
        'How much the log tells. Names and places of photos are in it only with "debug".',
        words={
            "info": "what happened, without names of photos",
            "debug": "everything, names of photos included",
        },
    ),
)
KNOBS: Mapping[str, Knob] = {knob.name: knob for knob in _KNOBS}
DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Settings) if field.name in KNOBS}


def valid_choice(name: str, value: object) -> bool:
    """Whether ``value`` is one of the words that setting ``name`` knows."""
    return value in choices(name)


def choices(name: str) -> tuple[str, ...]:
    """The words that ``strength``, ``method``, ``model_set``, ``metadata`` or another choice may be."""
    if name == "metadata":
        return METADATA_POLICIES
    if name == "model_set":
        return (AUTO_SET, *(model_set.name for model_set in catalogue.model_sets(models_dir())))
    if name == "method":
        return tuple(METHODS)
    return tuple(KNOBS[name].words or ())


def suggestion(name: str, known: Mapping[str, object]) -> str:
    """A remedy for a name that nobody knows."""
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean “{near[0]}”?" if near else f"Choose one of: {', '.join(known)}."
