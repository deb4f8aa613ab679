from __future__ import annotations

import asyncio

import pytest

from photoveil.hub import Event, Hub


async def test_everyone_hears_everything_in_order() -> None:
    hub = Hub()
    async with hub.subscribe() as one, hub.subscribe() as two:
        hub.publish("job", job="a", kind="upload")
        hub.publish("settings")
        for listener in (one, two):
            assert await anext(listener) == Event("job", {"job": "a", "kind": "upload"})
            assert await anext(listener) == Event("settings", {})


async def test_listening_begins_with_the_subscription_and_ends_with_it() -> None:
    hub = Hub()
    hub.publish("before")
    listener = hub.subscribe()
    hub.publish("heard")
    listener.close()
    hub.publish("after")
    assert [event.kind async for event in listener] == ["heard"]


async def test_who_waits_is_woken() -> None:
    hub = Hub()
    async with hub.subscribe() as listener:
        waiting = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish("vault")
        assert (await waiting).kind == "vault"


async def test_who_waits_when_it_ends_gets_the_end() -> None:
    listener = Hub().subscribe()
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    listener.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_slow_listener_is_told_to_ask_anew_and_holds_nobody_up() -> None:
    hub = Hub()
    async with hub.subscribe() as slow, hub.subscribe() as quick:
        for number in range(256):
            hub.publish("job", number=number)
            assert (await anext(quick)).facts == {"number": number}
        hub.publish("job", number=256)
        hub.publish("job", number=257)
        assert await anext(slow) == Event("resync", {})
        assert (await anext(slow)).facts == {"number": 257}
        assert (await anext(quick)).facts == {"number": 256}
