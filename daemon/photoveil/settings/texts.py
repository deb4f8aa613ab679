"""What a typed setting may be: names of personas and models, addresses."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

_PERSONA_LENGTH = 40
_ENDPOINT_LENGTH = 300
_MODEL_LENGTH = 200
_FOLDER_LENGTH = 1000
PERSONA_RULE = f'1 to {_PERSONA_LENGTH} letters, digits, spaces, "-" or "_"'
ENDPOINT_RULE = (
    "be an address such as https://mirror.example.org, or nothing (plain http only on this computer)"
)
FOLDER_RULE = "be the whole path of a folder on this computer, or nothing"
MODEL_RULE = f"be a name of up to {_MODEL_LENGTH} signs without spaces, or nothing"


def valid_persona(name: object) -> bool:
    """Whether ``name`` can be a persona: letters, digits, ``-``, ``_`` and spaces, because it names a file."""
    if not isinstance(name, str) or not 1 <= len(name) <= _PERSONA_LENGTH or name != name.strip():
        return False
    letters = all(char.isalnum() or char in " -_" for char in name)
    return letters and unicodedata.normalize("NFC", name) == name and not name.startswith("-")


def valid_endpoint(address: object) -> bool:
    """Whether ``address`` can be where model sets come from; empty stands for the usual place."""
    if not isinstance(address, str) or len(address) > _ENDPOINT_LENGTH or not address.isascii():
        return False
    if not address:
        return True
    try:
        found = urlsplit(address)
        host, port = found.hostname, found.port
    except ValueError:
        return False
    plain = found.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    whole = (
        bool(host) and port != 0 and not (found.username or found.password or found.query or found.fragment)
    )
    # What stands in it goes into a log and a request line.
    return whole and (found.scheme == "https" or plain) and address.isprintable() and " " not in address


def valid_model_name(name: object) -> bool:
    """Whether ``name`` can be a model's at its server; empty for none."""
    if not isinstance(name, str) or len(name) > _MODEL_LENGTH or not name.isascii():
        return False
    return name.isprintable() and " " not in name


def valid_folder(path: object) -> bool:
    """Whether ``path`` can be a folder, there or not; empty for none."""
    if not isinstance(path, str) or len(path) > _FOLDER_LENGTH or not path.isprintable():
        return False
    return not path or path.startswith("~/") or Path(path).is_absolute()
