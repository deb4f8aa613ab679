from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from photoveil.api import proofs
from photoveil.api.client import DaemonClient, DaemonError, ImpostorError, pair, paired
from photoveil.api.pairing import Busy, Closed, Pairing, PairingState, Wrong
from tests.api.house import ORIGIN, PATIENCE, Clock, House

NC = bytes(32)


def begin(pairing: Pairing, code: str, origin: str = ORIGIN) -> DaemonClient:
    candidate, _ns, _proof = pairing.begin(NC, "Browser", proofs.pair_client(code, NC, origin), origin)
    return DaemonClient(0, candidate.client, candidate.key, origin)


def finish(pairing: Pairing, client: DaemonClient) -> PairingState:
    return pairing.finish(client.client, proofs.pair_finish(client.key, client.client), client.origin or "")


def confirmed(pairing: Pairing) -> None:
    candidate = pairing.decide(True)
    assert candidate is not None
    pairing.paired(candidate)


async def test_the_whole_of_it() -> None:
    pairing = Pairing()
    client = begin(pairing, pairing.start())
    assert pairing.state is PairingState.CONFIRM
    assert finish(pairing, client) is PairingState.CONFIRM
    confirmed(pairing)
    assert finish(pairing, client) is PairingState.PAIRED


async def test_without_a_window_there_is_nothing() -> None:
    with pytest.raises(Closed):
        begin(Pairing(), "0" * 16)


async def test_the_window_lasts_120_seconds() -> None:
    clock = Clock(stopped=True)
    pairing = Pairing(clock)
    code = pairing.start()
    clock.ahead = 119
    assert pairing.open
    clock.ahead = 121
    assert pairing.state is PairingState.EXPIRED
    with pytest.raises(Closed):
        begin(pairing, code)


async def test_five_wrong_tries_close_it() -> None:
    pairing = Pairing()
    code = pairing.start()
    for _ in range(5):
        with pytest.raises(Wrong):
            begin(pairing, "0" * 16)
    assert pairing.state is PairingState.EXPIRED
    with pytest.raises(Closed):
        begin(pairing, code)


async def test_the_fifth_try_may_be_the_right_one() -> None:
    pairing = Pairing()
    code = pairing.start()
    for _ in range(4):
        with pytest.raises(Wrong):
            begin(pairing, "0" * 16)
    begin(pairing, code)


async def test_the_code_is_bound_to_the_origin() -> None:
    pairing = Pairing()
    code = pairing.start()
    with pytest.raises(Wrong):
        pairing.begin(NC, "x", proofs.pair_client(code, NC, ORIGIN), "moz-extension://other")


async def test_a_code_works_once() -> None:
    pairing = Pairing()
    code = pairing.start()
    begin(pairing, code)
    with pytest.raises(Closed):
        begin(pairing, code)


async def test_a_late_browser_leaves_the_user_a_minute() -> None:
    clock = Clock(stopped=True)
    pairing = Pairing(clock)
    code = pairing.start()
    clock.ahead = 118
    client = begin(pairing, code)
    clock.ahead = 175
    assert finish(pairing, client) is PairingState.CONFIRM
    clock.ahead = 179
    assert pairing.decide(True) is None or pairing.open
    clock.ahead = 400
    assert pairing.state is PairingState.EXPIRED
    assert pairing.decide(True) is None


async def test_refused_is_refused() -> None:
    pairing = Pairing()
    client = begin(pairing, pairing.start())
    assert pairing.decide(False) is None
    assert pairing.state is PairingState.REFUSED
    with pytest.raises(Wrong):
        finish(pairing, client)
    assert pairing.decide(True) is None


async def test_only_the_candidate_learns_the_outcome() -> None:
    pairing = Pairing()
    client = begin(pairing, pairing.start())
    stranger = DaemonClient(0, client.client, bytes(32), ORIGIN)
    with pytest.raises(Wrong):
        finish(pairing, stranger)
    moved = DaemonClient(0, client.client, client.key, "moz-extension://other")
    with pytest.raises(Wrong):
        finish(pairing, moved)


async def test_the_outcome_can_be_asked_for_half_a_minute() -> None:
    clock = Clock(stopped=True)
    pairing = Pairing(clock)
    client = begin(pairing, pairing.start())
    confirmed(pairing)
    clock.ahead = 29
    assert finish(pairing, client) is PairingState.PAIRED
    clock.ahead = 31
    with pytest.raises(Closed):
        finish(pairing, client)
    assert pairing.state is PairingState.PAIRED


async def test_a_new_window_closes_the_old_one() -> None:
    pairing = Pairing()
    old = pairing.start()
    client = begin(pairing, old)
    new = pairing.start()
    with pytest.raises(Closed):
        finish(pairing, client)
    begin(pairing, new)


async def test_a_program_pushes_nobody_aside() -> None:
    """Not a code that somebody reads, not a browser that waits for its user or has yet to hear of the outcome."""
    pairing = Pairing()
    pairing.start()
    with pytest.raises(Busy):
        pairing.start(shown=False)
    client = begin(pairing, pairing.start())
    with pytest.raises(Busy):
        pairing.start(shown=False)
    confirmed(pairing)
    with pytest.raises(Busy):
        pairing.start(shown=False)
    assert finish(pairing, client) is PairingState.PAIRED
    pairing.start(shown=False)  # another browser, a moment later


async def test_a_program_may_begin_again_and_a_person_always() -> None:
    clock = Clock(stopped=True)
    pairing = Pairing(clock)
    old = pairing.start(shown=False)
    assert not pairing.shown
    new = pairing.start(shown=False)  # the one before was handed to nobody, or its browser is gone
    with pytest.raises(Wrong):
        begin(pairing, old)
    begin(pairing, new)
    assert pairing.decide(False) is None
    begin(pairing, pairing.start(shown=False))  # refused: nobody waits any more
    clock.ahead = 121
    pairing.start(shown=False)
    begin(pairing, pairing.start())
    assert pairing.shown


# By socket.


def test_a_program_brings_the_code(fresh_house: House) -> None:
    local = fresh_house.local()
    code = local.call("pairing/start", shown=False)["code"]
    client = pair(fresh_house.port, code, "Chromium on Linux", ORIGIN)
    told = {"state": "confirm", "shown": False, "name": "Chromium on Linux", "origin": ORIGIN}
    assert local.call("pairing/state") == told
    with pytest.raises(DaemonError) as busy:
        local.call("pairing/start", shown=False)
    assert busy.value.as_dict()["code"] == "pairing_busy"
    assert not paired(client)
    local.call("pairing/confirm", accept=True)
    assert paired(client)


def test_a_browser_pairs_and_works(fresh_house: House) -> None:
    local = fresh_house.local()
    started = local.call("pairing/start")
    assert started["seconds"] == 120
    client = pair(fresh_house.port, proofs.grouped(started["code"]).lower(), "Chromium on my desk", ORIGIN)
    waiting = local.call("pairing/state")
    assert waiting == {"state": "confirm", "shown": True, "name": "Chromium on my desk", "origin": ORIGIN}
    assert not paired(client)
    with pytest.raises(DaemonError):
        client.open()
    assert local.call("pairing/confirm", accept=True)["state"] == "paired"
    assert paired(client)
    client.open()
    assert client.call("status")["secrets"] == "file"
    listed = local.call("clients")["clients"]
    assert [(one["client"], one["origin"]) for one in listed] == [(client.client, ORIGIN)]
    assert listed[0]["last_used"]


def test_outside_the_window_pair_does_not_exist(fresh_house: House) -> None:
    for verb in ("pair/begin", "pair/finish"):
        answer = DaemonClient(fresh_house.port, "", b"", ORIGIN).post(verb, {})
        assert (answer.status, answer.body) == (404, b"")
    code = fresh_house.local().call("pairing/start")["code"]
    fresh_house.clock.ahead = 121
    with pytest.raises(DaemonError) as refused:
        pair(fresh_house.port, code, "x", ORIGIN)
    assert refused.value.status == 404
    assert fresh_house.local().call("pairing/state") == {"state": "expired", "shown": True}


def test_guessing_by_socket_ends_after_five(fresh_house: House) -> None:
    local = fresh_house.local()
    code = local.call("pairing/start")["code"]
    statuses = []
    for _ in range(6):
        with pytest.raises(DaemonError) as refused:
            pair(fresh_house.port, "0" * 16, "x", ORIGIN)
        statuses.append(refused.value.status)
    assert statuses == [403] * 5 + [404]
    with pytest.raises(DaemonError):
        pair(fresh_house.port, code, "x", ORIGIN)


def test_a_refused_browser_is_told_and_not_kept(fresh_house: House) -> None:
    local = fresh_house.local()
    client = pair(fresh_house.port, local.call("pairing/start")["code"], "x", ORIGIN)
    assert local.call("pairing/confirm", accept=False)["state"] == "refused"
    with pytest.raises(DaemonError) as refused:
        paired(client)
    assert refused.value.status == 403
    assert local.call("clients") == {"clients": []}
    with pytest.raises(DaemonError):
        client.open()


@pytest.mark.parametrize("name", ["", "x" * 65, "evil\x1b[2J", "two\nlines", "\u202egnp.exe", None, 7])
def test_names_cannot_play_tricks(fresh_house: House, name: object) -> None:
    code = fresh_house.local().call("pairing/start")["code"]
    proof = proofs.b64(proofs.pair_client(code, NC, ORIGIN))
    client = DaemonClient(fresh_house.port, "", b"", ORIGIN)
    answer = client.post("pair/begin", {"nc": proofs.b64(NC), "name": name, "proof": proof})
    assert answer.status == 400
    assert pair(fresh_house.port, code, "Zoë’s browser", ORIGIN)


def test_nobody_to_confirm(fresh_house: House) -> None:
    with pytest.raises(DaemonError) as told:
        fresh_house.local().call("pairing/confirm", accept=True)
    assert told.value.as_dict()["code"] == "no_pairing"


def test_a_revoked_browser_is_out_at_once(fresh_house: House) -> None:
    local, client = fresh_house.local(), fresh_house.browser()
    client.open()
    local.call("clients/revoke", client=client.client)
    assert client.signed("status", b"{}").status == 401
    with pytest.raises(DaemonError):
        client.open()
    assert client.client not in fresh_house.paths.secrets_file.read_text()
    with pytest.raises(DaemonError):
        local.call("clients/revoke", client=client.client)


async def test_waiting_ends_when_the_browser_comes_and_not_before() -> None:
    pairing = Pairing(Clock(stopped=True))
    code = pairing.start()
    waiting = asyncio.create_task(pairing.wait(3600))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    begin(pairing, code)
    async with asyncio.timeout(PATIENCE):
        await waiting
        await pairing.wait(3600)


def test_the_user_is_woken_when_the_browser_comes(fresh_house: House) -> None:
    local = fresh_house.local()
    code = local.call("pairing/start")["code"]
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(pair, fresh_house.port, code, "x", ORIGIN)
        assert local.call("pairing/state", wait_ms=20_000)["state"] == "confirm"
        coming.result(PATIENCE)
    assert local.call("pairing/state", wait_ms=20_000)["state"] == "confirm"


def test_whoever_does_not_know_the_key_is_found_out(fresh_house: House) -> None:
    browser = fresh_house.browser()
    browser.key = bytes(32)
    with pytest.raises(ImpostorError):
        browser.open()
    browser.session = None
    local = fresh_house.local()
    local.port = fresh_house.port
    local.key = bytes(32)
    with pytest.raises(ImpostorError):
        local.open()
