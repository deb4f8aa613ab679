"""The daemon's side of the worker: at most one child, one conversation at a time, started on demand, gone when idle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from photoveil.hub import Hub
from photoveil.worker.frames import Header
from photoveil.worker.pipe import COMMAND, PayloadShrank, Pipe, PipeBroken
from photoveil.worker.tasks import (
    ChildError,
    Delivered,
    Lesson,
    Outcome,
    Previews,
    SourceChanged,
    Task,
    Unchanged,
    WorkerState,
    crashed,
    gave_up,
    too_slow,
)

log = logging.getLogger(__name__)
Progress = Callable[[str, float], None]

MAX_CRASHES = 5
"""So many in a row end it for a while: more than one bad photo is tried, so that one cannot lock out all others."""
CRASH_WINDOW = 600.0
MAX_LESSONS = 8
"""From how many photos of a batch a new persona learns; more change nothing."""
_CANCEL_GRACE = 5.0
_TELLING = ("protect", "learn")
"""What shows by its success that the child works; the rest hardly does anything."""


def _ignore(_stage: str, _fraction: float) -> None:
    """Progress nobody asked for."""


@dataclass(frozen=True)
class _Places:
    """Where the parts of an answer go."""

    progress: Progress = _ignore
    part: Path | None = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    original: str | None = None


class Worker:
    """Protects photos in a child process that alone knows torch.

    Args:
        personas: the folder where the child keeps the anchors of personas.
        idle_seconds: after how long without work the child leaves.
        job_seconds: how long one conversation may last.
        log_file: named in the error that tells of too many crashes.
        command: what to start; tests put something else here.
        clock: seconds, for the window in which crashes are counted.
        hub: hears about every change of the child's state.
        wanted_device: what the encoders run on, as the setting says; may be changed at any time.

    Attributes:
        made: hears of every photo that was protected.
    """

    def __init__(
        self,
        *,
        personas: Path,
        idle_seconds: float = 300.0,
        job_seconds: float = 900.0,
        log_file: str = "the log",
        command: Sequence[str] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
        hub: Hub | None = None,
        wanted_device: str = "auto",
    ) -> None:
        self.device: str | None = None
        self.wanted_device = wanted_device
        self.made: Callable[[Delivered], None] = lambda _made: None
        self.idle_seconds = idle_seconds
        self._hub = hub
        self._personas = personas
        self._job_seconds = job_seconds
        self._log_file = log_file
        self._command = tuple(command)
        self._clock = clock
        self._pipe: Pipe | None = None
        self._state = WorkerState.ABSENT
        self._turn = asyncio.Lock()
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._idle: asyncio.TimerHandle | None = None
        self._measuring: asyncio.Task[tuple[Header, str]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> WorkerState:
        """What the child is doing."""
        if self._pipe is not None and not self._pipe.alive and not self._turn.locked():
            return WorkerState.ABSENT
        return self._state

    @property
    def pid(self) -> int | None:
        """The child's process, while there is one."""
        return self._pipe.process.pid if self._pipe is not None and self._pipe.alive else None

    async def prewarm(self, model_set: str) -> None:
        """Start the child and load the encoders."""
        await self._converse({"op": "prewarm", "model_set": model_set}, None, _Places())

    async def measure(self) -> dict[str, Any] | None:
        """Find out how fast this machine is, for `fitting.machine.taken`; None where a photo came in between."""
        self._measuring = work = asyncio.create_task(self._converse({"op": "measure"}, None, _Places()))
        try:
            await asyncio.wait([work])
        finally:
            self._measuring = None
            work.cancel()
        if work.cancelled():
            return None
        measured: dict[str, Any] = work.result()[0]["measured"]
        return measured

    async def teach(self, photos: Sequence[Path], task: Task, progress: Progress) -> bool:
        """Let a persona without an anchor learn one from several photos; False where it has one already."""
        about = self._about(task)
        answer, _ = await self._converse({"op": "persona", **about}, None, _Places(progress))
        if answer["known"]:
            return False
        for photo in photos[:MAX_LESSONS]:
            with contextlib.suppress(ChildError):  # it is told when the photo's own turn comes
                await self.learn(photo, task.persona, task.model_set, progress=progress)
        return True

    async def learn(
        self,
        photo: Path,
        persona: str,
        model_set: str,
        *,
        anew: bool = False,
        progress: Progress = _ignore,
    ) -> Lesson:
        """Let a persona learn from one clean photo; ``anew``: and forget what this model set knew of it before.

        Whether the photo is clean is for the caller to know: nothing here tells a protected copy from an original.
        """
        about: Header = {"persona": persona, "model_set": model_set, "personas": str(self._personas)}
        question = {"op": "learn", **about, "name": photo.name, "anew": anew}
        answer, _ = await self._converse(question, photo, _Places(progress))
        return Lesson(bool(answer["learnt"]), bool(answer["known"]), int(answer["photos"]))

    async def protect(
        self,
        photo: Path,
        name: str,
        task: Task,
        *,
        part: Path,
        progress: Progress,
        original: str | None = None,
        compare: Path | None = None,
        previews: Previews | None = None,
    ) -> Outcome:
        """Protect the photo in the file ``photo``; the protected bytes go into ``part``.

        Cancelling this coroutine cancels the work in the child.

        Args:
            original: the SHA-256 that the photo must have; SourceChanged is raised where it has another.
            compare: where a picture of the difference goes.
            previews: where small pictures of before and after go.
        """
        asked = {"compare": compare is not None, "previews": previews is not None}
        question = {"op": "protect", **self._about(task), "name": name, **asked}
        pictures = {"compare": compare} if compare else {}
        if previews:
            pictures |= {"before": previews.before, "after": previews.after}
        answer, digest = await self._converse(question, photo, _Places(progress, part, pictures, original))
        if answer["event"] == "unchanged":
            return Unchanged(str(answer["reason"]))
        made = Delivered(sha256=digest, **answer["result"])
        self.made(made)
        return made

    async def close(self) -> None:
        """End the child, whatever it does."""
        self._rest(None)
        for task in self._tasks:
            task.cancel()
        if self._pipe is not None:
            pipe, self._pipe = self._pipe, None
            await (pipe.kill() if self._turn.locked() else pipe.close())
        self._become(WorkerState.ABSENT)

    def _about(self, task: Task) -> Header:
        return {**asdict(task), "personas": str(self._personas)}

    async def _converse(self, question: Header, payload: Path | None, places: _Places) -> tuple[Header, str]:
        if self._measuring is not None and question["op"] != "measure":
            self._measuring.cancel()
        async with self._turn:
            self._rest(None)
            question = {**question, "device": self.wanted_device}
            try:
                async with asyncio.timeout(self._job_seconds):
                    pipe = await self._ready_pipe()
                    return await self._exchange(pipe, question, payload, places)
            except PayloadShrank:
                await self._drop_pipe()
                raise SourceChanged.of() from None
            except PipeBroken:
                raise await self._crashed() from None
            except TimeoutError:
                raise too_slow(self._job_seconds) from None
            finally:
                self._become(WorkerState.READY if self._pipe is not None else WorkerState.ABSENT)
                self._rest(self.idle_seconds)

    async def _exchange(
        self, pipe: Pipe, question: Header, payload: Path | None, places: _Places
    ) -> tuple[Header, str]:
        """Ask and hear the answer; if cancelled, still hear the child out: the next conversation starts clean."""
        talk = asyncio.create_task(self._talk(pipe, question, payload, places))
        try:
            return await asyncio.shield(talk)
        except asyncio.CancelledError:
            await self._calm(pipe, talk)
            raise

    async def _talk(
        self, pipe: Pipe, question: Header, payload: Path | None, places: _Places
    ) -> tuple[Header, str]:
        sent = await pipe.send(question, payload)
        place = places.part
        while True:
            header, digest = await pipe.receive(place)
            place = places.part
            match header.get("event"):
                case "progress":
                    places.progress(str(header["stage"]), float(header["fraction"]))
                case "device":
                    self.device = str(header["device"])
                    self._become(WorkerState.BUSY)
                case "picture-follows":
                    place = places.pictures.get(str(header.get("of", "compare")))
                case "picture":
                    continue
                case "error":
                    raise ChildError(header["error"])
                case _:
                    if question["op"] in _TELLING:
                        self._crashes.clear()
                    if places.original not in (None, sent):
                        raise SourceChanged.of()
                    return header, digest

    async def _ready_pipe(self) -> Pipe:
        if self._pipe is not None and self._pipe.alive:
            self._become(WorkerState.BUSY)
            return self._pipe
        if self._pipe is not None:
            await self._crashed()
        recent = [crash for crash in self._crashes if self._clock() - crash < CRASH_WINDOW]
        if len(recent) >= MAX_CRASHES:
            raise gave_up(MAX_CRASHES, CRASH_WINDOW / 60, self._log_file)
        self._become(WorkerState.STARTING)
        pipe = await Pipe.open(self._command)
        try:
            header, _ = await pipe.receive()
            if header.get("event") != "hello":
                raise PipeBroken
        except asyncio.CancelledError:
            await pipe.kill()
            raise
        finally:
            self._pipe = pipe if pipe.alive else None
        log.info("worker started, process %d", pipe.process.pid)
        return pipe

    async def _crashed(self) -> Exception:
        pipe, self._pipe = self._pipe, None
        status = await pipe.kill() if pipe is not None else None
        self._crashes.append(self._clock())
        log.warning("worker ended with status %s", status)
        for line in pipe.last_lines if pipe is not None else ():
            log.warning("worker: %s", line)
        return crashed(status)

    async def _drop_pipe(self) -> None:
        """End a child that waits for bytes which will not come."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            await pipe.kill()

    async def _calm(self, pipe: Pipe, talk: asyncio.Task[tuple[Header, str]]) -> None:
        try:
            async with asyncio.timeout(_CANCEL_GRACE):
                await pipe.send({"op": "cancel"})
                await asyncio.wait([talk])
        except (PipeBroken, TimeoutError, asyncio.CancelledError):
            self._pipe = None
            await pipe.kill()
            await asyncio.wait([talk])
        if talk.exception() is not None:
            log.info("cancelled work ended: %s", type(talk.exception()).__name__)

    def _become(self, state: WorkerState) -> None:
        if state is self._state:
            return
        self._state = state
        if self._hub is not None:
            self._hub.publish("worker", state=str(state))

    def _rest(self, seconds: float | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if seconds is not None and self._pipe is not None:
            self._idle = asyncio.get_running_loop().call_later(seconds, self._leave)

    def _leave(self) -> None:
        task = asyncio.create_task(self._leave_now())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave_now(self) -> None:
        if self._turn.locked() or self._pipe is None:
            return
        async with self._turn:
            pipe, self._pipe = self._pipe, None
            await pipe.close()
            self._become(WorkerState.ABSENT)
            log.info("worker left after %.0f idle seconds", self.idle_seconds)
