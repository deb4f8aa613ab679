"""Seal keys: made, shared, taken in and revoked. The command line has the same ones, in the same store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.worker.frames import Header
from photoveil.worker.talk import Reply

if TYPE_CHECKING:
    from photoveil.seal import KeyRing, SealKey

_HEX = re.compile(r"(?:[0-9a-f]{2}){1,1024}")


async def keys(services: Services, _caller: Caller, _body: Body) -> Body:
    """``seal/keys``: every key, without its secret."""
    from photoveil.seal.keys import MINE

    found = await ring(services).names()
    return {
        "keys": [
            {
                "name": key.name,
                "created": key.created,
                "revoked": key.revoked,
                "shared": key.shared,
                "mine": key.name == MINE,
            }
            for key in sorted(found, key=lambda key: (key.name != MINE, key.shared))
        ]
    }


async def create(services: Services, caller: Caller, body: Body) -> Body:
    """``seal/keys/create``: a new one."""
    await ring(services).create(body["name"])
    return await keys(services, caller, body)


async def share(services: Services, _caller: Caller, body: Body) -> Body:
    """``seal/keys/share``: as a code to dictate and as a file to send."""
    from photoveil.seal import codes

    key = await ring(services).get(body["name"])
    return {"name": key.name, "code": codes.code(key), "file": codes.file_text(key)}


async def take(services: Services, caller: Caller, body: Body) -> Body:
    """``seal/keys/import``: keep a key that someone shared."""
    await ring(services).take(body["text"], body.get("name", ""))
    return await keys(services, caller, body)


async def revoke(services: Services, caller: Caller, body: Body) -> Body:
    """``seal/keys/revoke``: it opens older photos, and no new one is sealed for it."""
    await ring(services).revoke(body["name"])
    return await keys(services, caller, body)


def wrapped_for(found: Sequence[SealKey]) -> dict[str, str]:
    """What the worker's child is told to seal one photo for these keys: none of them, but a content key for that photo.

    Raises:
        RevokedKeyError, TooManyRecipientsError: no photo can be sealed for them.
    """
    from photoveil.seal import wraps

    made = wraps.wrap(found)
    return {"content": made.content.told.hex(), "slots": made.slots.hex()}


def opener(found: Sequence[SealKey]) -> Reply:
    """Tells the worker's child the content key of the photo whose mark it read, if one of these keys opens it.

    One photo is asked for at a time, so a second question is not answered.
    """
    from photoveil.seal import WrongKeyError, wraps

    refused = {"tried": len(found)}
    asked: list[Header] = []

    def reply(header: Header) -> Header:
        frame = header.get("frame")
        asked.append(header)
        if len(asked) > 1 or not isinstance(frame, str) or not _HEX.fullmatch(frame):
            return refused
        try:
            key, content = wraps.unwrap(bytes.fromhex(frame), found)
        except WrongKeyError:
            return refused
        return {"key": key.name, "content": content.told.hex()}

    return reply


def ring(services: Services) -> KeyRing:
    """The keys of this profile."""
    from photoveil.seal import (
        KeyRing,
    )  # numpy stands behind that door, which the resting daemon does not open

    return KeyRing(services.keys, services.seal_keys)
