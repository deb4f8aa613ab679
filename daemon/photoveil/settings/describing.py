"""Settings as programs and the dashboard are told them."""

from __future__ import annotations

from typing import Any

from photoveil.paths import models_dir
from photoveil.protection import catalogue
from photoveil.settings.knobs import KNOBS, Knob
from photoveil.settings.model import AUTO_SET, Settings


def describe(settings: Settings) -> list[dict[str, Any]]:
    """Every simple setting with its value, its limits and its help."""
    return [_described(knob, getattr(settings, knob.name)) for knob in KNOBS.values()]


def _described(knob: Knob, value: object) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": knob.name,
        "kind": knob.kind,
        "title": knob.title,
        "group": knob.group,
        "value": value,
        "default": knob.default,
        "help": knob.help,
        "live": knob.live,
    }
    if knob.kind == "choice":
        told["choices"] = list(knob.choices)
        told["meanings"] = _meanings(knob)
    elif knob.kind == "integer":
        told |= {"low": knob.low, "high": knob.high}
    if knob.unit:
        told["unit"] = knob.unit
    return told


def _meanings(knob: Knob) -> dict[str, str]:
    if knob.words is not None:
        return dict(knob.words)
    sets = {found.name: found.description for found in catalogue.model_sets(models_dir())}
    return {AUTO_SET: "the best set on this computer that is quick enough", **sets}
