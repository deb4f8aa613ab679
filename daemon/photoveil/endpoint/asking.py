"""Asking a model behind an OpenAI-compatible address, and no other address than that one."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from photoveil.endpoint import errors
from photoveil.endpoint.address import Address, check, parse
from photoveil.endpoint.answers import Answer, looks_refused, without_thoughts


@dataclass(frozen=True)
class Endpoint:
    """A model behind an address; an `Asker`.

    Nothing is sent beyond this computer unless ``remote_allowed``: see `address.consented`. A server that is busy or
    hardly there is asked again, with growing pauses.

    Args:
        url: where the API begins, such as ``http://127.0.0.1:11434/v1``.
        key: shown as a bearer token; empty for none.
        timeout: seconds for one attempt.
        longest: the most tokens of an answer.
        attempts: how often it is asked until it counts as out of order.
        pause: seconds between the first two attempts.

    Raises:
        EndpointAddressError, RemoteRefusedError: the address is none, or must not be used.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0
    remote_allowed: bool = False
    longest: int = 256
    attempts: int = 4
    pause: float = 0.5

    def __post_init__(self) -> None:
        check(self.address, remote_allowed=self.remote_allowed)

    @property
    def address(self) -> Address:
        """Where it is, taken apart."""
        return parse(self.url)

    @property
    def name(self) -> str:
        """The model and where it is."""
        return f"{self.model} at {self.address.base}"

    async def ask(self, image: bytes, media_type: str, prompt: str) -> Answer:
        """Ask about a photo.

        Args:
            image: the file's bytes.
            media_type: what they are, such as ``image/jpeg``.

        Raises:
            EndpointError: there was no answer; a refusal to answer is an answer.
        """
        from photoveil.endpoint.transport import (  # aiohttp: commands that ask nobody do without
            Patience,
            Wire,
        )

        began = time.monotonic()
        wire = Wire(self.address, self.key, self.timeout, Patience(self.attempts, self.pause))
        data = await wire.post(self._question(image, media_type, prompt))
        text, declined = _said(data, self.address.origin)
        text = without_thoughts(text)
        return Answer(text, declined or looks_refused(text), time.monotonic() - began)

    def _question(self, image: bytes, media_type: str, prompt: str) -> dict[str, Any]:
        picture = f"data:{media_type};base64,{base64.b64encode(image).decode('ascii')}"
        content = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": picture}}]
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "stream": False,
            "temperature": 0,
            "seed": 0,
            "max_tokens": self.longest,
        }


def _said(data: bytes, origin: str) -> tuple[str, bool]:
    """The text of an answer, and whether the server marked it as declined."""
    try:
        choice = json.loads(data)["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
        declined = choice.get("finish_reason") == "content_filter"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise errors.unreadable(origin) from None
    if isinstance(refusal, str) and refusal:
        return _whole(refusal), True
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if content is None and declined:
        return "", True
    if not isinstance(content, str):
        raise errors.unreadable(origin)
    return _whole(content), declined


def _whole(text: str) -> str:
    """Text without halves of characters, which JSON can name (``\\ud800``) and no file or terminal takes."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
