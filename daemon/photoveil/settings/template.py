"""The settings file as a new user finds it: every default as a comment."""

from __future__ import annotations

import textwrap

from photoveil.settings.document import written
from photoveil.settings.knobs import KNOBS, Knob

_WIDTH = 116
_HEAD = """\
# Settings of Photoveil. Every line is a default: remove the "#" in front of one to change it. You may edit this file
# at any time; a running Photoveil notices, and tells you if it cannot understand what you wrote.
"""
_TABLES = """\
# Folders whose photos are protected by themselves, each in a table of its own like this one. "output" says where the
# copies go: "beside" (a folder "Protected" next to the photo), "mirror" (the same tree under the folder "mirror"), or
# "in-place" (the photo's own place; the vault keeps the original). Only "path" is needed.
#[[folders]]
#path = "~/Pictures"
#persona = "me"
#strength = "balanced"
#method = "antithetical"
#output = "beside"
#mirror = "~/Protected pictures"
#recursive = true
#enabled = true
#keep_originals = false
#polling = "auto"

# What is different on a site and the sites below it; protect = false lets photos through as they are.
#[sites."instagram.com"]
#protect = true
#persona = "me"
#strength = "strong"

# Sites of AI assistants such as chatgpt.com have the method "assistant" by themselves, others when you say so: private
# things are hidden there, as far as the slider says (0 to 100), and the rest stays to be asked about.
#[sites."assistant.example.org"]
#method = "assistant"
#slider = 50

# How a persona is shown (blue, teal, green, yellow, orange, red, pink or violet), and the strength for its photos.
#[personas."me"]
#colour = "blue"
#strength = "balanced"
"""


def help_lines(knob: Knob) -> list[str]:
    """The comment above a setting."""
    told = [knob.help]
    if knob.words:
        told += [f'"{word}": {meaning}.' for word, meaning in knob.words.items()]
    elif knob.kind == "integer":
        told += [f"{knob.unit.capitalize() or 'A whole number'} from {knob.low} to {knob.high}."]
    return [f"# {line}" for text in told for line in textwrap.wrap(text, _WIDTH)]


def default_line(knob: Knob) -> str:
    """The commented line that stands for the default."""
    return f"#{knob.name} = {written(knob.default)}"


def _template() -> str:
    settings = ("\n".join([*help_lines(knob), default_line(knob)]) for knob in KNOBS.values())
    return "\n".join([_HEAD, *(f"{setting}\n" for setting in settings), _TABLES])


TEMPLATE = _template()
