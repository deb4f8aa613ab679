"""``photoveil models list``."""

from __future__ import annotations

import argparse

from photoveil.cli.output import Exit, say, say_json
from photoveil.paths import models_dir
from photoveil.protection import catalogue
from photoveil.protection.catalogue import ModelSet


def list_models(arguments: argparse.Namespace) -> int:
    """List the model sets."""
    found = catalogue.model_sets(models_dir())
    if arguments.json:
        say_json([_as_dict(model_set) for model_set in found])
        return Exit.OK
    if not found:
        say("No model set is installed.")
    for model_set in found:
        say(f"{model_set.name}: {model_set.description}{'' if model_set.installed else ' (not installed)'}")
        for encoder in model_set.encoders:
            millions, megabytes = encoder.parameters / 1e6, encoder.bytes / 1e6
            say(
                f"  {encoder.name:<20} {encoder.role:<10} {encoder.family:<12} {millions:6.1f} M {megabytes:7.1f} MB"
            )
    return Exit.OK


def _as_dict(model_set: ModelSet) -> dict[str, object]:
    names = ("name", "role", "family", "parameters", "bytes")
    return {
        "name": model_set.name,
        "description": model_set.description,
        "installed": model_set.installed,
        "encoders": [{name: getattr(encoder, name) for name in names} for encoder in model_set.encoders],
    }
