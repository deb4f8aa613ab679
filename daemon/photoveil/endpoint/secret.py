"""The key of a model's server: from the environment or the keyring, never from a command line that others can read."""

from __future__ import annotations

import os

from photoveil.endpoint.address import parse
from photoveil.endpoint.errors import EndpointError
from photoveil.keys import KeyStore, Rung

KEY_VARIABLE = "PHOTOVEIL_ENDPOINT_KEY"
_LONGEST = 4096


async def key_for(url: str, store: KeyStore | None = None) -> str:
    """The key to show at ``url``: what the environment says, else what was kept for this very server; else empty."""
    named = os.environ.get(KEY_VARIABLE, "").strip()
    if named:
        return checked(named)
    kept = await store.get(_name(url)) if store is not None else None
    return checked(kept.decode("ascii", errors="replace")) if kept else ""


async def keep_key(url: str, key: str, store: KeyStore) -> Rung | None:
    """Keep the key of the server at ``url``, or forget it where ``key`` is empty; answers where it is kept."""
    if key:
        return await store.put(_name(url), checked(key).encode("ascii"))
    await store.delete(_name(url))
    return None


def checked(key: str) -> str:
    """``key`` if it can stand in a header; raises EndpointError, without the key in it."""
    if len(key) > _LONGEST or not key.isascii() or not key.isprintable() or " " in key:
        raise EndpointError(
            "The key of the model's server cannot be used",
            "It has signs that no key has, or is too long.",
            f"Copy it once more from its provider into {KEY_VARIABLE}.",
        )
    return key


def _name(url: str) -> str:
    return f"endpoint {parse(url).origin}"
