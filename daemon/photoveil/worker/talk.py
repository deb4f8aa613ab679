"""One conversation with the child: questions that go there together, each with an answer of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photoveil.methods import UNLEARNABLE
from photoveil.worker.frames import Header
from photoveil.worker.pipe import PayloadLost, PayloadShrank, Pipe, PipeBroken
from photoveil.worker.tasks import ChildError, SourceChanged

log = logging.getLogger(__name__)
Progress = Callable[[str, float], None]
Answer = tuple[Header, str]
"""The last frame about a question and the SHA-256 of its payload."""
Reply = Callable[[Header], Header]
"""What the child is told when it asks back; may take a moment, and raises nothing."""

_PASSING = ("progress", "device", "picture", "ask")
"""What is said about a question before the answer."""
_PATIENCE = {UNLEARNABLE: 4}
"""How many times as long as with others a photo may take with a method: the models are far larger."""
_NUMBERS = itertools.count(1)


def ignore(_stage: str, _fraction: float) -> None:
    """Progress nobody asked for."""


def nothing(_asked: Header) -> Header:
    """There is nothing to say to a child that asks back."""
    return {}


@dataclass(frozen=True)
class Places:
    """Where the parts of an answer go; ``original`` is the SHA-256 that the payload sent must have."""

    progress: Progress = ignore
    part: Path | None = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    original: str | None = None
    reply: Reply = nothing


class Wish:
    """One question and what becomes of it.

    Attributes:
        answer: to be awaited; cancelled once nobody wants it.
        wanted: whether somebody still waits for it.
    """

    def __init__(self, question: Header, payload: Path | None, places: Places) -> None:
        self.question = question
        self.payload = payload
        self.places = places
        self.wanted = True
        self.sent = ""
        self.number = 0
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    @property
    def left(self) -> bool:
        """Whether it waits for its answer."""
        return self.wanted and not self.answer.done()

    def goes_with(self, other: Wish) -> bool:
        """Whether both are photos for the same encoders."""
        return all(
            wish.question["op"] == "protect" and wish.question["model_set"] == self.question["model_set"]
            for wish in (self, other)
        )

    def weight(self) -> int:
        """The bytes that go to the child with it, as far as is known."""
        try:
            return 0 if self.payload is None else self.payload.stat().st_size
        except OSError:  # told when it is sent
            return 0

    def fail(self, error: BaseException) -> None:
        """It has no answer but this error."""
        if self.answer.done():
            return
        if self.wanted:
            self.answer.set_exception(error)
        else:
            log.info("cancelled work ended: %s", type(error).__name__)
            self.answer.cancel()

    def close(self, answer: Answer) -> None:
        """It is answered."""
        header, _ = answer
        if self.answer.done():
            return
        if header["event"] == "error":
            self.fail(ChildError(header["error"]))
        elif header["event"] == "cancelled":
            self.answer.cancel()
        elif self.places.original not in (None, self.sent):
            self.fail(SourceChanged.of())
        else:
            self.answer.set_result(answer)


class Talk:
    """A conversation about some wishes.

    Args:
        wishes: one question, or several photos that go together.
        device: hears what the child tells of its device.
        worked: hears of each answer that is no error.
    """

    def __init__(
        self, wishes: Sequence[Wish], device: Callable[[Header], None], worked: Callable[[Wish], None]
    ) -> None:
        self.wishes = tuple(wishes)
        self._device = device
        self._worked = worked
        self._asked: dict[int, Wish] = {}

    @property
    def patience(self) -> int:
        """How many times as long as a single question it may take."""
        return sum(_PATIENCE.get(str(wish.question.get("method")), 1) for wish in self.wishes)

    @property
    def left(self) -> list[Wish]:
        """Those that somebody waits for and that have no answer."""
        return [wish for wish in self.wishes if wish.left]

    def fail(self, error: Exception) -> None:
        """All that have no answer have this error."""
        for wish in self.wishes:
            wish.fail(error)

    def dismiss(self) -> None:
        """What is no longer wanted is done with."""
        for wish in self.wishes:
            if not wish.wanted:
                wish.answer.cancel()

    async def hold(self, pipe: Pipe, about: Mapping[str, Any]) -> None:
        """Ask, and hear the child out, also about what is no longer wanted: the next conversation starts clean.

        Raises:
            PayloadShrank: the child waits for bytes that will not come; the wish concerned has been told.
            PipeBroken: the child has ended.
        """
        await self._ask(pipe, about)
        while self._asked:
            try:
                header, digest = await pipe.receive(self._place)
            except PayloadLost as lost:
                wish = self._asked.get(lost.header.get("id", 0))
                if wish is not None and lost.__cause__ is not None:
                    wish.fail(lost.__cause__)
                header, digest = lost.header, ""
            self._hear(header, digest)
            if header["event"] == "ask":
                await self._reply(pipe, header)

    async def cancel(self, pipe: Pipe, wish: Wish) -> None:
        """Tell the child that a wish is no longer wanted, and wait for its word."""
        if wish.number in self._asked:
            await pipe.send({"op": "cancel", "id": wish.number})
            await asyncio.wait([wish.answer])

    async def _ask(self, pipe: Pipe, about: Mapping[str, Any]) -> None:
        for wish in self.wishes:
            if not wish.wanted:
                wish.answer.cancel()
                continue
            wish.number = next(_NUMBERS)
            self._asked[wish.number] = wish
            try:
                wish.sent = await pipe.send({**wish.question, **about, "id": wish.number}, wish.payload)
            except PayloadShrank as shrank:
                wish.fail(shrank.__cause__ or SourceChanged.of())
                raise
            except OSError as error:  # the file cannot be opened; nothing was sent of it
                del self._asked[wish.number]
                wish.fail(error)
        if self._asked and self.wishes[0].question["op"] == "protect":
            await pipe.send({"op": "go"})

    async def _reply(self, pipe: Pipe, header: Header) -> None:
        """Tell the child what it asks back; of what is no longer wanted, it hears by ``cancel``."""
        wish = self._asked.get(header.get("id", 0))
        if wish is not None and wish.wanted:
            said = await asyncio.to_thread(wish.places.reply, header)
            await pipe.send({**said, "op": "reply", "id": wish.number})

    def _place(self, header: Header) -> Path | None:
        wish = self._asked.get(header.get("id", 0))
        if wish is None or not wish.wanted:
            return None
        return (
            wish.places.pictures.get(str(header["of"])) if header["event"] == "picture" else wish.places.part
        )

    def _hear(self, header: Header, digest: str) -> None:
        wish = self._asked.get(header.get("id", 0))
        if wish is None:
            return
        match header["event"]:
            case "progress" if wish.wanted:
                wish.places.progress(str(header["stage"]), float(header["fraction"]))
            case "device":
                self._device(header)
            case event if event not in _PASSING:
                del self._asked[wish.number]
                if event not in ("error", "cancelled"):
                    self._worked(wish)
                wish.close((header, digest))


async def given_up(talk: Talk, pipe: Pipe, wish: Wish, seconds: float) -> None:
    """Wait until the child has put a wish aside; where it does not listen, it is ended unless others wait for it."""
    try:
        async with asyncio.timeout(seconds):
            await talk.cancel(pipe, wish)
    except (PipeBroken, TimeoutError, asyncio.CancelledError):
        if not talk.left:
            with contextlib.suppress(asyncio.CancelledError):
                await pipe.kill()
