"""Photos through the API, with the fake worker."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photoveil.api.client import DaemonClient, DaemonError
from photoveil.worker.tasks import overall
from tests.api.house import PATIENCE, House, meta, running, signed
from tests.worker.fake_child import PREFIX


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def finished(client: DaemonClient, job: str) -> dict[str, Any]:
    return list(client.follow(job, 2 * PATIENCE))[-1]


def done(client: DaemonClient, photo: bytes, name: str = "a.jpg", **wishes: str) -> dict[str, Any]:
    return finished(client, client.protect(photo, name, **wishes)["job"])


def spool(house: House) -> list[Path]:
    return list(house.paths.spool.iterdir())


def until(condition: Callable[[], object]) -> None:
    """Wait for it, asking more seldom than a client may (docs/protocol.md)."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "too late"
        time.sleep(0.05)


def test_a_photo_comes_back_protected(house: House, browser: DaemonClient) -> None:
    photo = os.urandom(300_000)
    sent = browser.protect(photo, "holiday.jpg", persona="anna", strength="subtle")
    assert sent["state"] in ("queued", "running")
    told = finished(browser, sent["job"])
    copy = PREFIX + photo
    assert told["state"] == "done"
    assert told["progress"] == 1
    facts = {"format": "jpeg", "name": "holiday.jpg", "type": "image/jpeg", "width": 3, "height": 2}
    assert told["result"] == {"sha256": sha(copy), "bytes": len(copy), **facts}
    assert told["report"]["seen"]["persona"] == "anna"
    assert told["report"]["seen"]["strength"] == "subtle"
    answer = browser.signed("result", json.dumps({"job": sent["job"]}).encode())
    assert answer.body == copy
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert not spool(house)


def test_lookup_knows_originals_and_copies(browser: DaemonClient) -> None:
    photo = b"looked up"
    assert browser.call("lookup", sha256=sha(photo)) == {"state": "unknown"}
    done(browser, photo)
    assert browser.call("lookup", sha256=sha(PREFIX + photo)) == {"state": "protected-copy"}
    assert browser.call("lookup", sha256=sha(photo), strength="strong") == {"state": "unknown"}
    known = browser.call("lookup", sha256=sha(photo))
    assert browser.call("status")["jobs"] == {"queued": 0, "running": 0}, "nothing is to be done for it"
    assert known["state"] == "original"
    assert browser.result(known["job"]) == PREFIX + photo


def test_the_same_photo_again_is_done_at_once(browser: DaemonClient) -> None:
    done(browser, b"again", "one.jpg")
    answer = _send(browser, b"again", name="two.jpg")
    assert answer.status == 200
    assert answer.json()["state"] == "done"
    assert finished(browser, answer.json()["job"])["result"]["name"] == "two.jpg"
    other = _send(browser, b"again", strength="strong")
    assert other.status == 202
    finished(browser, other.json()["job"])


def test_our_own_output_is_unchanged(house: House, browser: DaemonClient) -> None:
    done(browser, b"own")
    answer = _send(browser, PREFIX + b"own")
    assert (answer.status, answer.json()["state"]) == (200, "unchanged")
    assert "already a protected copy" in finished(browser, answer.json()["job"])["reason"]
    assert not spool(house)


def test_animations_are_unchanged(browser: DaemonClient) -> None:
    told = done(browser, b"animation")
    assert (told["state"], told["why"], told["reason"]) == ("unchanged", "animation", "It moves.")
    with pytest.raises(DaemonError) as refused:
        browser.result(told["job"])
    assert refused.value.as_dict()["code"] == "not_done"


def test_a_failure_is_told(house: House, browser: DaemonClient) -> None:
    told = done(browser, b"refuse")
    assert told["state"] == "failed"
    assert told["error"]["code"] == "photo-unsupported"
    assert set(told["error"]) == {"code", "title", "reason", "remedy"}
    assert not spool(house)


def test_a_worker_killed_mid_job_holds_up_that_job_alone(fresh_house: House) -> None:
    browser = fresh_house.browser()
    job = browser.protect(b"slow", "a.jpg")["job"]
    while browser.call("job", job=job, wait_ms=1000)["progress"] == 0:
        pass
    assert browser.call("status")["worker"] == "busy"
    pid = fresh_house.daemon.services.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while (state := browser.call("job", job=job, wait_ms=1000)["state"]) == "running":
        pass
    assert state == "queued"  # to be tried again
    assert done(browser, b"next")["state"] == "done"
    assert browser.call("cancel", job=job)["state"] == "cancelled"
    until(lambda: not spool(fresh_house))  # it may have been begun again: then the worker has to put it aside


def test_two_identical_photos_are_one_piece_of_work(fresh_house: House, tmp_path: Path) -> None:
    one, two, go = fresh_house.browser(), fresh_house.browser("Another"), tmp_path / "go"
    photo = b"until " + bytes(go)
    first, second = one.protect(photo, "one.jpg")["job"], two.protect(photo, "two.jpg")["job"]
    counts = one.call("status")["jobs"]
    assert counts["queued"] + counts["running"] == 2
    go.touch()
    assert finished(one, first)["result"]["name"] == "one.jpg"
    assert finished(two, second)["result"]["name"] == "two.jpg"
    assert one.result(first) == two.result(second)
    with pytest.raises(DaemonError) as told:
        one.call("job", job=second)
    assert told.value.as_dict()["code"] == "unknown_job"


def test_shared_work_survives_one_of_them_giving_up(fresh_house: House, tmp_path: Path) -> None:
    one, two, go = fresh_house.browser(), fresh_house.browser("Another"), tmp_path / "go"
    photo = b"until " + bytes(go)
    first, second = one.protect(photo, "a.jpg")["job"], two.protect(photo, "b.jpg")["job"]
    assert one.call("cancel", job=first)["state"] == "cancelled"
    go.touch()
    assert finished(one, first)["state"] == "cancelled"
    assert finished(two, second)["state"] == "done"


def test_cancelled_work_stops(fresh_house: House) -> None:
    browser = fresh_house.browser()
    running_job, queued = browser.protect(b"endless", "a")["job"], browser.protect(b"endless too", "b")["job"]
    assert browser.call("cancel", job=queued)["state"] == "cancelled"
    until(lambda: browser.call("job", job=running_job)["progress"] > 0)
    assert browser.call("cancel", job=running_job)["state"] == "cancelled"
    assert done(browser, b"next")["state"] == "done"
    assert not spool(fresh_house)
    assert browser.call("status")["jobs"] == {"queued": 0, "running": 0}
    assert browser.call("lookup", sha256=sha(b"endless")) == {"state": "unknown"}


def test_two_photos_per_client(fresh_house: House, tmp_path: Path) -> None:
    browser, other, go = fresh_house.browser(), fresh_house.browser("Another"), tmp_path / "go"
    photos = (b"until " + bytes(go), b"until  " + bytes(go))
    jobs = [browser.protect(photo, "a.jpg")["job"] for photo in photos]
    answer = _send(browser, b"third")
    assert (answer.status, answer.json()["error"]["code"]) == (429, "too_many_photos")
    go.touch()
    assert done(other, b"fourth")["state"] == "done"
    assert [finished(browser, job)["state"] for job in jobs] == ["done", "done"]
    assert done(browser, b"third")["state"] == "done"


def test_a_job_answers_at_the_next_change_or_after_the_time(
    fresh_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.worker.parent._CANCEL_GRACE", 0.2)
    browser = fresh_house.browser()
    job = browser.protect(b"hang", "a.jpg")["job"]
    last_word = pytest.approx(overall("protect", 0.5), abs=1e-4)
    while browser.call("job", job=job, wait_ms=1000)["progress"] != last_word:
        pass
    started = time.monotonic()
    assert browser.call("job", job=job, wait_ms=300)["state"] == "running"
    assert 0.25 < time.monotonic() - started < 30
    browser.call("cancel", job=job)


def test_a_copy_that_made_room_is_gone_but_can_be_made_again(tmp_path: Path) -> None:
    with running(tmp_path, "cache_mb = 1\n") as house:
        browser = house.browser()
        one, two = os.urandom(700_000), os.urandom(700_000)
        first = done(browser, one)
        done(browser, two)
        with pytest.raises(DaemonError) as told:
            browser.result(first["job"])
        assert told.value.status == 410
        assert browser.call("lookup", sha256=sha(one)) == {"state": "unknown"}
        assert browser.call("lookup", sha256=sha(PREFIX + one)) == {"state": "protected-copy"}
        assert done(browser, one)["state"] == "done"


def test_prewarm(fresh_house: House) -> None:
    browser = fresh_house.browser()
    assert browser.call("status")["worker"] == "absent"
    assert browser.call("prewarm")["worker"] == "starting"
    until(lambda: browser.call("status")["worker"] == "ready")
    assert browser.call("status")["device"] == "fake"
    assert browser.call("prewarm")["worker"] in ("ready", "busy")


def test_a_broken_upload_leaves_nothing(house: House, browser: DaemonClient) -> None:
    headers = {**signed(browser, "protect", b"x" * 1000, meta=meta()), "Content-Length": "1000"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        connection.sendall(
            f"POST /v1/protect HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n{head}\r\n".encode()
        )
        connection.sendall(b"x" * 500)
        until(lambda: spool(house))
        assert len(spool(house)) == 1
        assert spool(house)[0].stat().st_mode & 0o777 == 0o600
    until(lambda: not spool(house))
    assert done(browser, b"after that")["state"] == "done"


@pytest.mark.parametrize(
    "wishes",
    [
        {"name": "x" * 1001},
        {"name": None},
        {"name": 7},
        {"persona": "../../etc/passwd"},
        {"persona": "a/b"},
        {"persona": ""},
        {"persona": 7},
        {"persona": "."},
        {"strength": "brutal"},
        {"strength": ["subtle"]},
        {"method": "none"},
    ],
)
def test_wishes_are_checked_before_the_photo_is_read(
    house: House, browser: DaemonClient, wishes: Any
) -> None:
    answer = _send(browser, b"photo", **wishes)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "name",
    ["Screenshot at 3.00.00\u202fPM.png", "\u202egnp.exe", "a/b\\c.jpg", "😀.jpg", "x\x00\n", "\ud800"],
)
def test_photos_may_be_called_anything(browser: DaemonClient, name: str) -> None:
    told = done(browser, b"called " + name.encode("utf-8", "replace"), name)
    assert told["result"]["name"] == name


@pytest.mark.parametrize("header", ["", "!", "AAAA", "bnVsbA", "W10"])
def test_meta_must_be_an_object(house: House, browser: DaemonClient, header: str) -> None:
    answer = browser.signed("protect", b"x", content_type="application/octet-stream", meta=header)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("lookup", {}),
        ("lookup", {"sha256": "0" * 63}),
        ("lookup", {"sha256": "A" * 64}),
        ("job", {}),
        ("job", {"job": "x", "wait_ms": 25_001}),
        ("job", {"job": "x", "wait_ms": -1}),
        ("job", {"job": "x", "wait_ms": True}),
    ],
)
def test_bodies_are_checked(browser: DaemonClient, verb: str, body: dict[str, Any]) -> None:
    assert browser.signed(verb, json.dumps(body).encode()).status == 400
    assert browser.signed(verb, b"[" * 2000).status == 400


def test_no_name_and_no_secret_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with running(tmp_path) as house:
        browser = house.browser("Unspeakable browser")
        for photo in (b"fine", b"refuse", b"stumble"):
            done(browser, photo, "unspeakable.jpg", persona="unspeakable")
        job = browser.protect(b"crash", "unspeakable.jpg", persona="unspeakable")["job"]
        while browser.call("job", job=job, wait_ms=1000)["stage"] == "":
            pass
        browser.call("cancel", job=job)
        secrets = [browser.key, house.local().key]
    assert "protect 202" in caplog.text
    assert "unspeakable" not in caplog.text.lower()
    assert "a secret name" not in caplog.text
    for secret in secrets:
        assert secret.hex() not in caplog.text


def _send(client: DaemonClient, photo: bytes, **told: object) -> Any:
    client.open()
    header = meta(**told)
    return client.signed("protect", photo, content_type="application/octet-stream", meta=header)


def test_a_full_disk_is_told(fresh_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(part: Path) -> None:
        raise OSError(errno.ENOSPC, "unspeakable.jpg")

    browser = fresh_house.browser()
    monkeypatch.setattr("photoveil.api.bodies._private", full)
    answer = _send(browser, b"photo")
    assert (answer.status, answer.json()["error"]["code"]) == (507, "disk_full")
    assert b"unspeakable" not in answer.body
