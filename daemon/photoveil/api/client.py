"""A client of the daemon: what the command line speaks, and a reference for docs/protocol.md.

Blocking, and made of the standard library alone, so that commands answer at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from photoveil.api import proofs
from photoveil.api.runtime import Runtime, not_running
from photoveil.api.verbs import BYTES, JSON
from photoveil.errors import PhotoveilError

ADDRESS = "127.0.0.1"
FINAL = ("done", "failed", "cancelled", "unchanged")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {}


class DaemonError(PhotoveilError):
    """The daemon said no; ``status`` is the HTTP status, and ``as_dict`` has the daemon's own code."""

    def __init__(self, answer: Answer) -> None:
        told: dict[str, str] = {}
        with contextlib.suppress(ValueError):
            told = answer.json().get("error", {})
        super().__init__(
            told.get("title", "Photoveil did not accept the request"),
            told.get("reason", f"The daemon answered with status {answer.status}."),
            told.get("remedy", "Restart Photoveil and try again."),
        )
        self.status = answer.status
        self._code = told.get("code", f"status_{answer.status}")

    def as_dict(self) -> dict[str, str]:
        """With the daemon's code."""
        return {**super().as_dict(), "code": self._code}


class ImpostorError(PhotoveilError):
    """Whoever answers on the port does not know our key."""

    code = "impostor"


@dataclass
class Session:
    """A proven session and the number of its next request."""

    id: str
    key: bytes
    number: int = 0


@dataclass
class DaemonClient:
    """Talks to a daemon as one of its clients.

    Args:
        port: where the daemon listens.
        client: the client's id.
        key: the client's key K.
        origin: sent as a browser would; the local client sends none.
        timeout: seconds for one request.
    """

    port: int
    client: str
    key: bytes
    origin: str | None = None
    timeout: float = 40.0
    session: Session | None = field(default=None, init=False)

    @classmethod
    def local(cls, runtime: Runtime) -> DaemonClient:
        """The command line's client of the daemon that published ``runtime``."""
        return cls(runtime.port, runtime.client, proofs.unb64(runtime.key))

    def open(self) -> Session:
        """Open a session; raises ImpostorError unless the daemon proves that it knows the key."""
        nc = proofs.nonce()
        answer = self.post("session", {"client": self.client, "nc": proofs.b64(nc)})
        try:
            told = expect(answer).json()
            ns, name, proof = proofs.unb64(told["ns"]), str(told["session"]), proofs.unb64(told["proof"])
        except (ValueError, KeyError) as error:
            raise _impostor(self.port) from error
        if not proofs.same(proof, proofs.session_daemon(self.key, nc, ns, name, self.port)):
            raise _impostor(self.port)
        self.session = Session(name, proofs.session_key(self.key, nc, ns))
        return self.session

    def call(self, verb: str, **body: object) -> dict[str, Any]:
        """Ask for a verb that takes and answers JSON."""
        return expect(self.signed(verb, json.dumps(body).encode())).json()

    def protect(self, photo: bytes, name: str, **wishes: str) -> dict[str, Any]:
        """Send a photo, in a session opened for it; answers its job and state."""
        self.open()
        meta = proofs.b64(json.dumps({"name": name, **wishes}).encode())
        return expect(self.signed("protect", photo, content_type=BYTES, meta=meta)).json()

    def follow(self, job: str, seconds: float = 900.0) -> Iterator[dict[str, Any]]:
        """Every change of a job until nothing will change any more."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self.call("job", job=job, wait_ms=5000)
            yield told
            if told["state"] in FINAL:
                return

    def result(self, job: str) -> bytes:
        """The protected file."""
        return expect(self.signed("result", json.dumps({"job": job}).encode())).body

    def signed(self, verb: str, body: bytes, *, content_type: str = JSON, meta: str = "") -> Answer:
        """Send one signed request, opening a session where there is none."""
        session = self.session or self.open()
        session.number += 1
        digest = hashlib.sha256(body).hexdigest()
        mac = proofs.b64(proofs.request(session.key, verb, session.number, digest, meta))
        headers = {"Authorization": f"Photoveil {session.id}.{session.number}.{digest}.{mac}"}
        if meta:
            headers["X-Photoveil-Meta"] = meta
        return self.send(verb, body, content_type, headers)

    def post(self, verb: str, body: dict[str, object]) -> Answer:
        """Send one unsigned request."""
        return self.send(verb, json.dumps(body).encode(), JSON, {})

    def send(self, verb: str, body: bytes, content_type: str, headers: dict[str, str]) -> Answer:
        """Send one request with the headers that all have."""
        headers = {"Content-Type": content_type, "X-Photoveil": "1", **headers}
        if self.origin is not None:
            headers["Origin"] = self.origin
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=self.timeout)
        try:
            connection.request("POST", f"/v1/{verb}", body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers.items()), response.read())
        except (OSError, http.client.HTTPException) as error:
            self.session = None
            raise not_running() from error
        finally:
            connection.close()


def pair(port: int, code: str, name: str, origin: str) -> DaemonClient:
    """Do what a browser does when its user types the code; the user still has to confirm (`paired`)."""
    client = DaemonClient(port, "", b"", origin)
    code, nc = proofs.normalised(code), proofs.nonce()
    proof = proofs.b64(proofs.pair_client(code, nc, origin))
    told = expect(client.post("pair/begin", {"nc": proofs.b64(nc), "name": name, "proof": proof})).json()
    ns, client.client = proofs.unb64(told["ns"]), str(told["client"])
    expected = proofs.pair_daemon(code, nc, ns, client.client)
    if not proofs.same(proofs.unb64(told["proof"]), expected):
        raise _impostor(port)
    client.key = proofs.pair_key(code, nc, ns)
    return client


def paired(client: DaemonClient) -> bool:
    """Whether the user has confirmed the browser; raises DaemonError when refused."""
    proof = proofs.b64(proofs.pair_finish(client.key, client.client))
    answer = expect(client.post("pair/finish", {"client": client.client, "proof": proof}))
    return answer.status == 200


def expect(answer: Answer) -> Answer:
    """The answer, or DaemonError where it is a refusal."""
    if answer.status >= 400:
        raise DaemonError(answer)
    return answer


def _impostor(port: int) -> ImpostorError:
    return ImpostorError(
        "The answer did not come from Photoveil",
        f"Another program listens on port {port}: it does not know our key.",
        "Nothing was sent to it. Restart Photoveil and try again.",
    )
