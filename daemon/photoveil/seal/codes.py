"""A key as people share it: a code of 31 letters and digits, or a small file. Both tell a slip of the pen."""

from __future__ import annotations

import hashlib
import json
import re

from photoveil.seal.errors import KeyTextError
from photoveil.seal.model import SECRET_BYTES, SealKey

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_SLIPS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_PREFIX = "PV1"
_CHECK_BYTES = 3
_CODE_LENGTH = -(-8 * (SECRET_BYTES + _CHECK_BYTES) // 5)
_SPARE_BITS = 5 * _CODE_LENGTH - 8 * (SECRET_BYTES + _CHECK_BYTES)
_GROUP = 5
_KIND = "photoveil seal key"
_MOST_TEXT = 4096


def code(key: SealKey) -> str:
    """The key as a code to type or dictate, such as ``PV1-4R2K9-…``."""
    number = int.from_bytes(key.secret + _check(key.secret), "big") << _SPARE_BITS
    digits = "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_CODE_LENGTH)))
    return "-".join((_PREFIX, *(digits[i : i + _GROUP] for i in range(0, _CODE_LENGTH, _GROUP))))


def file_text(key: SealKey) -> str:
    """The key as the text of a file; the name is the one that its owner gave it."""
    fields = {"kind": _KIND, "name": key.name, "created": key.created, "code": code(key)}
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def read(text: str, name: str = "") -> SealKey:
    """The key in a code or in a file's text.

    Args:
        name: what it shall be called here; a file's own name without one.

    Raises:
        KeyTextError: it is neither, or was not copied whole.
    """
    text = text.strip()
    if len(text) > _MOST_TEXT:
        raise KeyTextError.of(f"A key has at most {_MOST_TEXT} letters.")
    if not text.startswith("{"):
        return SealKey(name, _secret(text), shared=True)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyTextError.of("The file is damaged.") from error
    if not isinstance(fields, dict) or fields.get("kind") != _KIND or not isinstance(fields.get("code"), str):
        raise KeyTextError.of("The file is not one that Photoveil wrote for a key.")
    own = fields.get("name")
    return SealKey(name or (own if isinstance(own, str) else ""), _secret(fields["code"]), shared=True)


def _secret(text: str) -> bytes:
    letters = re.sub(r"[\s-]", "", text.upper())
    if not letters.startswith(_PREFIX):
        raise KeyTextError.of(f"A code starts with {_PREFIX}.")
    digits = letters[len(_PREFIX) :].translate(_SLIPS)
    if len(digits) != _CODE_LENGTH or set(digits) - set(_DIGITS):
        raise KeyTextError.of(f"After {_PREFIX} a code has {_CODE_LENGTH} letters and digits, and no U.")
    number = 0
    for digit in digits:
        number = number << 5 | _DIGITS.index(digit)
    both = (number >> _SPARE_BITS).to_bytes(SECRET_BYTES + _CHECK_BYTES, "big")
    secret = both[:SECRET_BYTES]
    if both[SECRET_BYTES:] != _check(secret) or number & ((1 << _SPARE_BITS) - 1):
        raise KeyTextError.of("A letter of the code is wrong.")
    return secret


def _check(secret: bytes) -> bytes:
    return hashlib.sha256(b"photoveil seal code" + secret).digest()[:_CHECK_BYTES]
