"""A real server on this computer that answers, is busy, leads astray or talks nonsense."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from photoveil.endpoint import (
    KEY_VARIABLE,
    Endpoint,
    EndpointError,
    EndpointSilentError,
    EndpointSlowError,
    RemoteRefusedError,
    keep_key,
    key_for,
    looks_refused,
)
from photoveil.endpoint.transport import Patience
from photoveil.keys import KeyStore

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PHOTO = b"\xff\xd8 not decoded by anybody here"


def said(text: object, **more: object) -> web.Response:
    return web.json_response({"choices": [{"message": {"content": text, **more}, "finish_reason": "stop"}]})


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}/v1"


def quick(url: str, **more: Any) -> Endpoint:
    return Endpoint(url, "tiny", pause=0.001, **more)


async def ask(endpoint: Endpoint) -> str:
    return (await endpoint.ask(PHOTO, "image/jpeg", "who is this?")).text


async def test_the_photo_the_prompt_and_the_key_arrive() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(await request.json(), path=request.path, key=request.headers.get("Authorization"))
        return said("  A woman with a red bicycle.\n")

    async with serving(handler) as url:
        answer = await quick(url, key="sesame").ask(PHOTO, "image/jpeg", "who is this?")
    assert (answer.text, answer.refused) == ("A woman with a red bicycle.", False)
    assert answer.seconds > 0
    assert (seen["path"], seen["key"], seen["model"]) == ("/v1/chat/completions", "Bearer sesame", "tiny")
    text, picture = seen["messages"][0]["content"]
    assert text["text"] == "who is this?"
    assert picture["image_url"]["url"] == "data:image/jpeg;base64," + base64.b64encode(PHOTO).decode()


async def test_without_a_key_none_is_shown() -> None:
    async def handler(request: web.Request) -> web.Response:
        return said(str(request.headers.get("Authorization")))

    async with serving(handler) as url:
        assert await ask(quick(url)) == "None"


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_busy_server_is_asked_again_until_it_answers(code: int) -> None:
    calls = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return said("at last") if calls == 3 else web.Response(status=code, headers={"Retry-After": "0"})

    async with serving(handler) as url:
        assert await ask(quick(url)) == "at last"
    assert calls == 3


async def test_patience_ends() -> None:
    calls = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=503, text="loading\x1b[31m the model")

    async with serving(handler) as url:
        with pytest.raises(EndpointError) as caught:
            await ask(quick(url, attempts=3))
    assert calls == 3
    assert "503" in caught.value.reason
    assert "\x1b" not in caught.value.reason


async def test_an_error_that_stays_is_told_at_once() -> None:
    calls = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=401)

    async with serving(handler) as url:
        with pytest.raises(EndpointError, match=KEY_VARIABLE):
            await ask(quick(url, key="wrong"))
    assert calls == 1


async def test_a_server_that_takes_no_temperature_is_asked_without() -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        for name in ("temperature", "max_tokens"):
            if name in body:
                return web.json_response({"error": f"Unsupported parameter: '{name}'"}, status=400)
        return said("without")

    async with serving(handler) as url:
        assert await ask(quick(url)) == "without"


async def test_a_redirect_is_never_followed() -> None:
    reached: list[str] = []

    async def trap(request: web.Request) -> web.Response:
        reached.append(request.path)
        return said("got your photo")

    async with serving(trap) as elsewhere:

        async def handler(_request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(elsewhere)

        async with serving(handler) as url:
            with pytest.raises(RemoteRefusedError, match="redirect"):
                await ask(quick(url))
    assert reached == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def proxy(_request: web.Request) -> web.Response:
        return said("through the proxy")

    async def handler(_request: web.Request) -> web.Response:
        return said("straight")

    async with serving(proxy) as between, serving(handler) as url:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, between.removesuffix("/v1"))
        assert await ask(quick(url)) == "straight"


async def test_localhost_is_this_computer() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return said("here")

    async with serving(handler) as url:
        assert await ask(quick(url.replace("127.0.0.1", "localhost"))) == "here"


async def test_nobody_there() -> None:
    with socket.socket() as taken:  # so that nobody else can listen there
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(EndpointSilentError, match="server runs"):
            await ask(quick(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", attempts=2))


async def test_too_slow_is_not_tried_again() -> None:
    calls = 0
    free = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        await free.wait()
        return said("")

    async with serving(handler) as url:
        with pytest.raises(EndpointSlowError):
            await ask(quick(url, timeout=0.2))
        free.set()
    assert calls <= 1  # a busy machine may not even have got so far


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": null}]}',
        b"[" * 100_000,
        b'{"choices": "' + b"x" * (1 << 21) + b'"}',
    ],
    ids=["empty", "no-json", "list", "object", "no-choice", "number", "null", "deep", "endless"],
)
async def test_nonsense_is_an_error_with_a_remedy(body: bytes) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with serving(handler) as url:
        with pytest.raises(EndpointError) as caught:
            await ask(quick(url))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("message", "text", "refused"),
    [
        ({"content": [{"type": "text", "text": "a "}, {"type": "text", "text": "van"}]}, "a van", False),
        ({"content": None, "refusal": "No."}, "No.", True),
        ({"content": "<think>It may be Anna.</think>I do not know."}, "I do not know.", False),
        ({"content": "I'm sorry, but I can't help with identifying people."}, None, True),
    ],
)
async def test_forms_of_answers(message: dict[str, object], text: str | None, refused: bool) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=json.dumps({"choices": [{"message": message}]}))

    async with serving(handler) as url:
        answer = await quick(url).ask(PHOTO, "image/jpeg", "?")
    assert answer.refused is refused
    assert text in (None, answer.text)


async def test_a_filtered_answer_is_a_refusal() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(
            {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}
        )

    async with serving(handler) as url:
        assert (await quick(url).ask(PHOTO, "image/jpeg", "?")).refused


REFUSALS = (
    "I’m sorry, but I can’t identify people in photos.",
    "Sorry, I can't help with that.",
    "I am unable to determine who this is.",
    "I cannot and will not provide personal information about this person.",
    "I don't identify real people from their faces.",
    "As an AI language model, I cannot recognise individuals.",
    "I'd rather not say.",
    "That would be against my guidelines.",
    "",
)
ANSWERS = (
    "I do not know.",
    "This is Anna Berg.",
    "The person cannot be seen clearly, but a red van stands behind her.",
    "She lives in a red cottage.",
    "Sorry state of a car: a rusty van.",
    "It is not possible to see a pet here.",
    "a yellow bicycle",
)


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals_are_told(text: str) -> None:
    assert looks_refused(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_no_refusals(text: str) -> None:
    assert not looks_refused(text)


def test_pauses_grow_and_have_an_end() -> None:
    patience = Patience(first=1.0, longest=10.0)
    assert 0.7 < patience.pause(0) < patience.pause(2) < 5.1
    assert patience.pause(9) == 10.0
    assert patience.pause(0, wished=5.0) == 5.0
    assert patience.pause(0, wished=3600.0) == 10.0


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyStore:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return KeyStore(service="photoveil-test", file=tmp_path / "secrets.json", timeout=1.0)


async def test_a_kept_key_is_for_its_own_server_only(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_key("https://api.example.org/v1", "sesame", store)
    assert await key_for("https://api.example.org/v2", store) == "sesame"
    assert await key_for("https://api.example.com/v1", store) == ""
    monkeypatch.setenv(KEY_VARIABLE, "from-outside")
    assert await key_for("https://api.example.org/v1", store) == "from-outside"
    monkeypatch.delenv(KEY_VARIABLE)
    await keep_key("https://api.example.org/v1", "", store)
    assert await key_for("https://api.example.org/v1", store) == ""
    await store.close()


async def test_a_key_that_would_break_the_header_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sesame\r\nHost: example.org")
    with pytest.raises(EndpointError) as caught:
        await key_for("https://api.example.org/v1")
    assert "sesame" not in str(caught.value)
