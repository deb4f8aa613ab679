"""Proving answers: whoever took over the port in the middle of a session cannot speak for the daemon.

The guard notes on a request whose signature it has found right how its answer is to be proved; from then on no answer
leaves without, whoever writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from photoveil.api import proofs

NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Prover:
    """Makes the proof of one answer.

    Attributes:
        key: the session's.
        number: of the request.
    """

    key: bytes
    verb: str
    number: int

    def proof(self, status: int, sha256: str) -> str:
        """For an answer with this status and a body with this digest."""
        return proofs.b64(proofs.answer(self.key, self.verb, self.number, status, sha256))


class ProvedRequest(web.BaseRequest):
    """A request whose answer is proved once its signature was found right."""

    prover: Prover | None = None

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if self.prover is not None:
            response.headers[proofs.ANSWER_HEADER] = self.prover.proof(response.status, _digest(response))


class Piecewise(web.StreamResponse):
    """An answer that is sent piece by piece.

    Args:
        sha256: what its body will be; of a stream without end, `NOTHING`.
    """

    def __init__(self, sha256: str, headers: Mapping[str, str]) -> None:
        super().__init__(headers=dict(headers))
        self.sha256 = sha256


def promise(request: web.BaseRequest, prover: Prover) -> None:
    """The answer to this request has to be proved."""
    if isinstance(request, ProvedRequest):
        request.prover = prover


def _digest(response: web.StreamResponse) -> str:
    if isinstance(response, Piecewise):
        return response.sha256
    body = response.body if isinstance(response, web.Response) else None
    if isinstance(body, bytes | bytearray):
        return hashlib.sha256(body).hexdigest()
    if isinstance(response, web.Response) and body is None:
        return NOTHING
    raise TypeError("what is not known beforehand cannot be proved")
