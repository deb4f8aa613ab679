"""Answers prove that they are the daemon's: every one of a signed request, and clients believe no other."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photoveil.api import proofs
from photoveil.api.client import DaemonClient, DaemonError, ImpostorError, Session
from photoveil.api.verbs import VERBS
from tests.api.house import PATIENCE, House, signed
from tests.api.test_owner import inside
from tests.api.test_photos import done
from tests.worker.fake_child import PREFIX

VERB_NAMES = [verb.name for verb in VERBS.values() if verb.signed and verb.name not in ("events", "stop")]


def proof_of(client: DaemonClient, verb: str, status: int, body: bytes) -> str:
    session = client.session or client.open()
    digest = hashlib.sha256(body).hexdigest()
    return proofs.b64(proofs.answer(session.key, verb, session.number, status, digest))


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_every_answer_to_a_signed_request_is_proved(house: House, verb: str) -> None:
    """Good ones and refusals: of the guard, of the body, of the verb itself."""
    local, browser = house.local(), house.browser()
    for client in (local, browser):
        for body in (b"{}", b"no json"):
            status, headers, answer = house.raw("POST", f"/v1/{verb}", headers_of(client, verb, body), body)
            assert headers["X-Photoveil-Proof"] == proof_of(client, verb, status, answer), (status, answer)


def headers_of(client: DaemonClient, verb: str, body: bytes) -> dict[str, str]:
    return {**signed(client, verb, body), "Host": f"127.0.0.1:{client.port}"}


def test_files_are_proved_as_they_were_made(fresh_house: House) -> None:
    browser = fresh_house.browser()
    job = done(browser, b"photo", "a.jpg")
    assert browser.result(job["job"]) == PREFIX + b"photo"
    stored = fresh_house.daemon.services.photos.file(job["result"]["sha256"])
    stored.chmod(0o600)
    stored.write_bytes(b"X" * (len(PREFIX) + 5))
    with pytest.raises(ImpostorError):
        browser.result(job["job"])


def test_an_original_from_the_vault_is_proved(fresh_house: House, tmp_path: Path) -> None:
    owner, vault = fresh_house.dashboard(), fresh_house.daemon.services.vault
    photo, data = tmp_path / "photo.jpg", os.urandom(300_000)
    photo.write_bytes(data)
    item = inside(
        fresh_house,
        vault.keep(photo, hashlib.sha256(data).hexdigest(), name="a", path=photo, job=None),
    )
    body = json.dumps({"item": item}).encode()
    headers = headers_of(owner, "vault/fetch", body)
    status, told, answer = fresh_house.raw("POST", "/v1/vault/fetch", headers, body)
    assert told["X-Photoveil-Proof"] == proof_of(owner, "vault/fetch", status, data)
    assert answer == data


def test_a_stream_proves_its_beginning(house: House) -> None:
    browser = house.browser()
    assert next(browser.stream("events")) == b": listening\n\n"


def test_what_nobody_signed_is_not_proved(house: House) -> None:
    for path in ("/v1/status", "/v1/session", "/v1/nothing"):
        _, headers, _ = house.raw("POST", path, {"X-Photoveil": "1", "Content-Type": "application/json"})
        assert "X-Photoveil-Proof" not in headers


# Another program takes the port in the middle of a session.


@contextmanager
def squatter(answer: bytes) -> Iterator[int]:
    """Answers every request like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as request:
                connection.settimeout(PATIENCE)
                length = 0
                while (line := request.readline()).strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                request.read(length)  # whoever leaves something unread may break off the answer
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(PATIENCE)
        assert not thread.is_alive()


def http(status: int, body: bytes, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def robbed(port: int) -> DaemonClient:
    """A client in the middle of a session, whose daemon has gone."""
    client = DaemonClient(port, "0" * 16, b"k" * 32, "chrome-extension://a")
    client.session = Session("f" * 16, b"s" * 32)
    return client


def right_proof(verb: str, status: int, body: bytes) -> str:
    mac = proofs.answer(b"s" * 32, verb, 1, status, hashlib.sha256(body).hexdigest())
    return f"X-Photoveil-Proof: {proofs.b64(mac)}"


def test_the_right_proof_is_believed() -> None:
    body = b'{"worker": "ready"}'
    with squatter(http(200, body, right_proof("prewarm", 200, body))) as port:
        assert robbed(port).call("prewarm") == {"worker": "ready"}


@pytest.mark.parametrize(
    ("status", "body", "proof"),
    [
        (200, b"{}", ""),
        (200, b"{}", "X-Photoveil-Proof: " + "A" * 43),
        (200, b"{ }", right_proof("status", 200, b"{}")),
        (200, b"{}", right_proof("job", 200, b"{}")),
        (200, b"{}", right_proof("status", 202, b"{}")),
        (429, b'{"error": {}}', ""),
        (403, b"", ""),
    ],
)
def test_any_other_answer_is_an_impostors(status: int, body: bytes, proof: str) -> None:
    headers = [proof] if proof else []
    with squatter(http(status, body, *headers)) as port:
        client = robbed(port)
        with pytest.raises(ImpostorError):
            client.call("status")
        assert client.session is None


@pytest.mark.parametrize("status", [401, 404])
def test_of_a_daemon_that_does_not_know_us_only_the_status_is_believed(status: int) -> None:
    body = json.dumps({"error": {"code": "x", "title": "Do this", "reason": "", "remedy": ""}}).encode()
    with squatter(http(status, body)) as port:
        client = robbed(port)
        with pytest.raises(DaemonError) as told:
            client.call("status")
        assert told.value.as_dict()["code"] == f"status_{status}"
        assert "Do this" not in str(told.value)
        assert client.session is None


@pytest.mark.parametrize("verb", ["events", "vault/fetch"])
def test_a_stream_of_another_program_is_not_believed(verb: str) -> None:
    with squatter(http(200, b": listening\n\n")) as port, pytest.raises(ImpostorError):
        b"".join(robbed(port).stream(verb))
