"""A small VLM behind the address that Ollama, llama.cpp and vLLM have: real HTTP, real JPEG, real answers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from PIL import Image
from torch import Tensor

from lab.affiliation.towers import as_floats, inputs_of
from lab.leakage.world import Model, answer

_MOST_BYTES = 16 << 20
_PREFIX = "data:image/jpeg;base64,"


class Server:
    """Answers chat completions about one photo and one text.

    Attributes:
        asked: how many questions were answered.
    """

    def __init__(self, model: Model, name: str = "lab-reader") -> None:
        self.asked = 0
        self._model, self._name = model, name
        self._seen: dict[bytes, Tensor] = {}
        self._turn = asyncio.Lock()
        self.app = web.Application(client_max_size=_MOST_BYTES)
        self.app.router.add_post("/v1/chat/completions", self._chat)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port of this computer; gives the address."""
        runner = web.AppRunner(self.app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            await runner.cleanup()

    async def _chat(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            text, picture = _question(body)
        except (ValueError, LookupError, TypeError, OSError) as error:
            return web.json_response({"error": {"message": f"not understood: {error}"}}, status=400)
        if body.get("model") != self._name:
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        async with self._turn:
            said = await asyncio.to_thread(self._say, text, picture)
        self.asked += 1
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return web.json_response({"object": "chat.completion", "model": self._name, "choices": [choice]})

    def _say(self, text: str, picture: bytes) -> str:
        key = hashlib.sha256(picture).digest()
        if key not in self._seen:
            photo = Image.open(io.BytesIO(picture)).convert("RGB")
            tower = self._model.tower
            # Questions about one photo come one after the other.
            self._seen = {key: tower(as_floats(inputs_of([photo], tower.size))).tokens.detach()}
        return answer(self._model, self._seen[key], text)


def _question(body: dict[str, Any]) -> tuple[str, bytes]:
    """Text and picture of the last message."""
    parts = {part["type"]: part for part in body["messages"][-1]["content"]}
    url = str(parts["image_url"]["image_url"]["url"])
    if not url.startswith(_PREFIX):
        raise ValueError("the picture must be a JPEG in a data address")
    try:
        return str(parts["text"]["text"]), base64.b64decode(url.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the picture's base64 is damaged") from error
