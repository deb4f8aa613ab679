"""Reading bodies, only after the guard has let the request in, and checking them against what was signed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web

from photoveil.api import errors, proofs
from photoveil.api.guard import Caller
from photoveil.api.schema import Misfit, check
from photoveil.ledger.photos import discard

BODY_SECONDS = 120.0
SIGNED_SECONDS = 30.0
UNSIGNED_SECONDS = 5.0
_CHUNK = 1 << 18
_MAX_META = 6000
Body = dict[str, Any]


async def read_json(request: web.BaseRequest, caller: Caller) -> Body:
    """The JSON object of a request, as the verb's schema says."""
    await _invite(request)
    seconds, limit, data = SIGNED_SECONDS if caller.session else UNSIGNED_SECONDS, caller.verb.limit, b""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await request.content.read(limit):
                data += chunk
                if len(data) > limit:
                    raise errors.too_large(limit)
    except TimeoutError:
        raise errors.too_slow(seconds) from None
    _check_digest(hashlib.sha256(data).hexdigest(), caller)
    return _checked(_object(data), caller)


async def read_photo(request: web.BaseRequest, caller: Caller, part: Path) -> None:
    """Take the photo into the file ``part``, never holding more than a little of it in memory."""
    await _invite(request)
    digest = hashlib.sha256()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            with _private(part) as file:
                async for chunk in request.content.iter_chunked(_CHUNK):
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
        _check_digest(digest.hexdigest(), caller)
    except BaseException as error:
        discard(part)
        if isinstance(error, TimeoutError):
            raise errors.too_slow(BODY_SECONDS) from None
        raise


def read_meta(caller: Caller) -> Body:
    """The photo's name and wishes from ``X-Photoveil-Meta``."""
    if len(caller.meta) > _MAX_META:
        raise errors.bad_request("X-Photoveil-Meta is too long.")
    try:
        data = proofs.unb64(caller.meta)
    except ValueError:
        raise errors.bad_request("X-Photoveil-Meta is not base64url.") from None
    return _checked(_object(data), caller)


def nonce(body: Body, name: str = "nc") -> bytes:
    """Random bytes of a client."""
    value = binary(body, name)
    if len(value) != proofs.NONCE_BYTES:
        raise errors.bad_request(f"“{name}” must be {proofs.NONCE_BYTES} bytes.")
    return value


def binary(body: Body, name: str) -> bytes:
    """Bytes that must be there, as base64url."""
    try:
        return proofs.unb64(body.get(name))
    except ValueError:
        raise errors.bad_request(f"“{name}” must be base64url.") from None


async def _invite(request: web.BaseRequest) -> None:
    """Answer ``Expect: 100-continue`` now that the guard is satisfied, and not before."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _private(part: Path) -> BinaryIO:
    return os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb"
    )


def _check_digest(found: str, caller: Caller) -> None:
    if caller.sha256 is not None and not proofs.same(found.encode(), caller.sha256.encode()):
        raise errors.wrong_digest()


def _checked(body: Body, caller: Caller) -> Body:
    try:
        check(caller.verb.body, body)
    except Misfit as misfit:
        raise errors.bad_request(str(misfit)) from None
    return body


def _object(data: bytes) -> Body:
    """JSON as everyone reads it: UTF-8, no name twice, no numbers beyond JSON's."""
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise errors.bad_request("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise errors.bad_request("The body is not a JSON object.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Body:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)
