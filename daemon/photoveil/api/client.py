"""A client of the daemon: what the command line speaks, and a reference for docs/protocol.md.

Blocking, and made of the standard library alone, so that commands answer at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True)
class Event:
    """Something that changed in the daemon."""

    kind: str
    facts: dict[str, Any]


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


@dataclass(frozen=True)
class _Signed:
    """A signed request, and what its answer is proved with."""

    key: bytes
    verb: str
    number: int
    headers: dict[str, str]


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

    def protect(self, photo: bytes, name: str, **wishes: str | int) -> dict[str, Any]:
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

    def events(self, *, timeout: float = 40.0) -> Iterator[Event]:
        """What changes in the daemon, as it changes, until the daemon or the caller ends it.

        "resync" stands for whatever was missed: ask for everything anew. ``timeout``: seconds of silence, heartbeats
        included, after which the daemon counts as gone.
        """
        kind, data = "", ""
        for line in _lines(self.stream("events", timeout=timeout)):
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = line.removeprefix("data: ")
            elif not line and kind:
                yield Event(kind, json.loads(data or "{}"))
                kind = data = ""

    def stream(self, verb: str, *, timeout: float | None = None, **body: object) -> Iterator[bytes]:
        """The bytes of an answer as they come; for answers that are long or do not end by themselves.

        Whether they were the daemon's is known at their end: whoever keeps them must not before.
        """
        data = json.dumps(body).encode()
        request = self._sign(verb, data, "")
        with self._asked(verb, data, JSON, request.headers, timeout or self.timeout) as response:
            status, headers, digest = response.status, dict(response.headers.items()), hashlib.sha256()
            if status >= 400:
                raise DaemonError(self._proved(request, Answer(status, headers, response.read())))
            endless = verb == "events"
            if endless:  # proved is its beginning; what follows are hints
                self._check(request, status, headers, digest.hexdigest())
            while chunk := response.read1(1 << 16):
                digest.update(chunk)
                yield chunk
            if not endless:
                self._check(request, status, headers, digest.hexdigest())

    def signed(self, verb: str, body: bytes, *, content_type: str = JSON, meta: str = "") -> Answer:
        """Send one signed request, opening a session where there is none."""
        request = self._sign(verb, body, meta)
        return self._proved(request, self.send(verb, body, content_type, request.headers))

    def _sign(self, verb: str, body: bytes, meta: str) -> _Signed:
        session = self.session or self.open()
        session.number += 1
        digest = hashlib.sha256(body).hexdigest()
        mac = proofs.b64(proofs.request(session.key, verb, session.number, digest, meta))
        headers = {"Authorization": f"Photoveil {session.id}.{session.number}.{digest}.{mac}"}
        if meta:
            headers["X-Photoveil-Meta"] = meta
        return _Signed(session.key, verb, session.number, headers)

    def _proved(self, request: _Signed, answer: Answer) -> Answer:
        """The answer, if it is the daemon's.

        A daemon that does not know the session (401) or the verb (404) can prove nothing; neither is believed anything.
        """
        if answer.status in (401, 404) and proofs.ANSWER_HEADER not in answer.headers:
            self.session = None
            return Answer(answer.status, answer.headers, b"")
        self._check(request, answer.status, answer.headers, hashlib.sha256(answer.body).hexdigest())
        return answer

    def _check(self, request: _Signed, status: int, headers: Mapping[str, str], digest: str) -> None:
        expected = proofs.answer(request.key, request.verb, request.number, status, digest)
        if not proofs.same(headers.get(proofs.ANSWER_HEADER, "").encode(), proofs.b64(expected).encode()):
            self.session = None
            raise _impostor(self.port)

    def post(self, verb: str, body: dict[str, object]) -> Answer:
        """Send one unsigned request."""
        return self.send(verb, json.dumps(body).encode(), JSON, {})

    def send(self, verb: str, body: bytes, content_type: str, headers: dict[str, str]) -> Answer:
        """Send one request with the headers that all have."""
        with self._asked(verb, body, content_type, headers, self.timeout) as response:
            return Answer(response.status, dict(response.headers.items()), response.read())

    @contextlib.contextmanager
    def _asked(
        self, verb: str, body: bytes, content_type: str, headers: dict[str, str], timeout: float
    ) -> Iterator[http.client.HTTPResponse]:
        """The beginning of the answer; any trouble with the connection, also later on, ends the session."""
        headers = {"Content-Type": content_type, "X-Photoveil": "1", **headers}
        if self.origin is not None:
            headers["Origin"] = self.origin
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=timeout)
        try:
            connection.request("POST", f"/v1/{verb}", body, headers)
            yield connection.getresponse()
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


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8") for line in whole)


def sign_in(url: str) -> DaemonClient:
    """Do what the dashboard does with the address from ``dashboard/link``: exchange the code for a client."""
    origin, _, code = url.partition("/#once=")
    client = DaemonClient(int(origin.rpartition(":")[2]), "", b"", origin)
    told = expect(client.post("dashboard/open", {"code": code})).json()
    client.client, client.key = str(told["client"]), proofs.unb64(told["key"])
    return client


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
