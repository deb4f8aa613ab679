"""Reading bodies, only after the guard has let the request in, and checking them against what was signed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web

from photoveil.api import errors, proofs
from photoveil.api.guard import Caller
from photoveil.ledger.photos import discard

BODY_SECONDS = 120.0
_CHUNK = 1 << 18
_MAX_META = 6000
_MAX_NAME = 1000
_SHA256 = re.compile(r"[0-9a-f]{64}")
Body = dict[str, Any]


async def read_json(request: web.BaseRequest, caller: Caller) -> Body:
    """The JSON object of a request."""
    await _invite(request)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await request.content.read(caller.verb.limit)
            while chunk := await request.content.read(caller.verb.limit):
                data += chunk
    except TimeoutError:
        raise errors.too_slow(BODY_SECONDS) from None
    _check_digest(hashlib.sha256(data).hexdigest(), caller)
    return _object(data)


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
        return _object(proofs.unb64(caller.meta))
    except ValueError:
        raise errors.bad_request("X-Photoveil-Meta is not base64url.") from None


def text(body: Body, name: str, *, longest: int = 255) -> str:
    """A printable word that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise errors.bad_request(f"“{name}” must be a text of 1 to {longest} characters.")
    return value


def file_name(body: Body) -> str:
    """A photo's name as its owner chose it: anything goes, as it names no file here and is logged nowhere."""
    value = body.get("name")
    if not isinstance(value, str) or len(value) > _MAX_NAME:
        raise errors.bad_request(f"“name” must be a text of at most {_MAX_NAME} characters.")
    return value or "photo"


def sha256(body: Body, name: str = "sha256") -> str:
    """A lower-case hex digest that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise errors.bad_request(f"“{name}” must be a SHA-256 in lower-case hex digits.")
    return value


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


def milliseconds(body: Body, name: str = "wait_ms", *, longest: int = 25_000) -> float:
    """A time to wait, in seconds; none where it is not given."""
    value = body.get(name, 0)
    if type(value) is not int or not 0 <= value <= longest:
        raise errors.bad_request(f"“{name}” must be a whole number from 0 to {longest}.")
    return value / 1000


async def _invite(request: web.BaseRequest) -> None:
    """Answer ``Expect: 100-continue`` now that the guard is satisfied, and not before."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _private(part: Path) -> BinaryIO:
    return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _check_digest(found: str, caller: Caller) -> None:
    if caller.sha256 is not None and not proofs.same(found.encode(), caller.sha256.encode()):
        raise errors.wrong_digest()


def _object(data: bytes) -> Body:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise errors.bad_request("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise errors.bad_request("The body is not a JSON object.")
    return found
