"""The daemon's side of the worker: at most one child, one conversation at a time, started on demand, gone when idle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from photoveil.hub import Hub
from photoveil.methods import ASSISTANT, UNLEARNABLE, WITHOUT_PERSONAS
from photoveil.unlearnable.errors import no_model
from photoveil.worker.frames import Header
from photoveil.worker.pipe import COMMAND, PayloadShrank, Pipe, PipeBroken
from photoveil.worker.talk import Answer, Places, Progress, Reply, Talk, Wish, given_up, ignore, nothing
from photoveil.worker.tasks import (
    Assisting,
    ChildError,
    Delivered,
    Lesson,
    Outcome,
    Previews,
    Task,
    Unchanged,
    WorkerCrashed,
    WorkerState,
    WorkerTooSlow,
    crashed,
    gave_up,
    of_tool,
    too_slow,
)

log = logging.getLogger(__name__)

MAX_CRASHES = 5
"""So many in a row end it for a while: more than one bad photo is tried, so that one cannot lock out all others."""
CRASH_WINDOW = 600.0
MAX_LESSONS = 8
"""From how many photos of a batch a new persona learns; more change nothing."""
AT_ONCE = 4
"""How many photos go to the child together until it tells how many pay on its device."""
_MOST_BYTES = 128 << 20
"""Of the files of several photos that go together: the child has them in memory."""
_CANCEL_GRACE = 5.0
_TELLING = ("protect", "learn")
"""What shows by its success that the child works; the rest hardly does anything."""


class Worker:
    """Protects photos in a child process that alone knows torch.

    Photos that wait for the same encoders at the same time go to the child together, where they share passes; each
    has an answer, an error and a cancellation of its own. Where the child ends over several of them, each is tried
    again alone, and for a while none goes in company: it may be one photo, or the memory that all of them take.

    Args:
        personas: the folder where the child keeps the anchors of personas.
        idle_seconds: after how long without work the child leaves.
        job_seconds: how long one conversation may last.
        log_file: named in the error that tells of too many crashes.
        command: what to start; tests put something else here.
        clock: seconds, for the window in which crashes are counted.
        hub: hears about every change of the child's state.
        wanted_device: what the encoders run on, as the setting says; may be changed at any time.
        assisting: how photos for AI assistants are made; may be changed at any time.
        unlearnable_model: the folder of the model for the method `unlearnable`; may be changed at any time.

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
        assisting: Assisting | None = None,
        unlearnable_model: str = "",
    ) -> None:
        self.device: str | None = None
        self.wanted_device = wanted_device
        self.assisting = assisting or Assisting()
        self.unlearnable_model = unlearnable_model
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
        self._wishes: deque[Wish] = deque()
        self._talk: Talk | None = None
        self._serving: asyncio.Task[None] | None = None
        self._batch = AT_ONCE
        self._alone_until = -math.inf
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._idle: asyncio.TimerHandle | None = None
        self._measuring: asyncio.Task[Answer] | None = None
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

    @property
    def batch(self) -> int:
        """How many photos pay to be protected at once; more that are asked for wait for the next conversation."""
        return 1 if self._clock() < self._alone_until else self._batch

    async def prewarm(self, model_set: str) -> None:
        """Start the child and load the encoders."""
        await self._ask({"op": "prewarm", "model_set": model_set}, None, Places())

    async def measure(self) -> dict[str, Any] | None:
        """Find out how fast this machine is, for `fitting.machine.taken`; None where a photo came in between."""
        self._measuring = work = asyncio.create_task(self._ask({"op": "measure"}, None, Places()))
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
        if task.method in WITHOUT_PERSONAS:
            return False
        about = self._about(task)
        answer, _ = await self._ask({"op": "persona", **about}, None, Places(progress))
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
        progress: Progress = ignore,
    ) -> Lesson:
        """Let a persona learn from one clean photo; ``anew``: and forget what this model set knew of it before.

        Whether the photo is clean is for the caller to know: nothing here tells a protected copy from an original.
        """
        about: Header = {"persona": persona, "model_set": model_set, "personas": str(self._personas)}
        question = {"op": "learn", **about, "name": photo.name, "anew": anew}
        answer, _ = await self._ask(question, photo, Places(progress))
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
            compare, previews: where a picture of the difference and small ones of before and after go.
        """
        asked = {"compare": compare is not None, "previews": previews is not None}
        question = {"op": "protect", **self._about(task), "name": name, **asked}
        pictures = {"compare": compare} if compare else {}
        if previews:
            pictures |= {"before": previews.before, "after": previews.after}
        answer, digest = await self._ask(question, photo, Places(progress, part, pictures, original))
        if answer["event"] == "unchanged":
            return Unchanged(str(answer["reason"]))
        made = Delivered(sha256=digest, **answer["result"])
        self.made(made)
        return made

    async def tool(
        self, tool: str, photo: Path, options: Header, part: Path | None = None, reply: Reply = nothing
    ) -> Header:
        """Have a tool of `worker.tools` look at a photo; a picture goes into ``part``, ``reply`` hears what it asks."""
        question = {"op": "tool", "tool": tool, "options": options}
        try:
            return dict((await self._ask(question, photo, Places(part=part, reply=reply)))[0]["facts"])
        except (WorkerCrashed, WorkerTooSlow) as error:
            raise of_tool(tool, error) from error

    async def close(self) -> None:
        """End the child, whatever it does."""
        self._rest(None)
        busy = self._turn.locked()
        working = [*self._tasks, *([self._serving] if self._serving else ())]
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        if self._pipe is not None:
            pipe, self._pipe = self._pipe, None
            await (pipe.kill() if busy else pipe.close())
        self._become(WorkerState.ABSENT)

    def _about(self, task: Task) -> Header:
        if task.method == UNLEARNABLE and not self.unlearnable_model:
            raise no_model()
        about = {**asdict(task), "personas": str(self._personas), "unlearnable_model": self.unlearnable_model}
        return about | {"assisting": self.assisting.as_header()} if task.method == ASSISTANT else about

    async def _ask(self, question: Header, payload: Path | None, places: Places) -> Answer:
        """The child's answer in its turn; once cancelled, wait until the child has put the question aside."""
        if self._measuring is not None and question["op"] != "measure":
            self._measuring.cancel()
        wish = Wish(question, payload, places)
        self._wishes.append(wish)
        if self._serving is None or self._serving.done():
            self._become(WorkerState.STARTING if self.pid is None else WorkerState.BUSY)
            self._serving = asyncio.create_task(self._serve())
        try:
            return await asyncio.shield(wish.answer)
        except asyncio.CancelledError:
            wish.wanted = False
            if wish in self._wishes:
                self._wishes.remove(wish)
            elif self._talk is not None and self._pipe is not None:
                await given_up(self._talk, self._pipe, wish, _CANCEL_GRACE)
            raise

    async def _serve(self) -> None:
        """Hold one conversation after the other as long as there are wishes."""
        try:
            while self._wishes:
                async with self._turn:
                    self._rest(None)
                    await self._attend(self._company())
                    self._become(WorkerState.READY if self._pipe is not None else WorkerState.ABSENT)
                    self._rest(self.idle_seconds)
        finally:
            for wish in self._wishes:
                wish.fail(crashed(None))
            self._wishes.clear()

    def _company(self) -> list[Wish]:
        """The next question, and with a photo those that go with it."""
        company: list[Wish] = []
        weight = 0
        for wish in list(self._wishes):
            if company and not wish.goes_with(company[0]):
                continue
            weight += wish.weight()
            if company and (len(company) >= self.batch or weight > _MOST_BYTES):
                break
            company.append(wish)
            self._wishes.remove(wish)
        return company

    async def _attend(self, wishes: Sequence[Wish]) -> None:
        """Get each its answer, or its place in a later conversation."""
        talk = self._talk = Talk(wishes, self._hear_device, self._hear_success)
        try:
            trouble = await self._hold(talk)
        except asyncio.CancelledError:
            talk.fail(crashed(None))
            raise
        finally:
            self._talk = None
        if isinstance(trouble, WorkerCrashed | WorkerTooSlow) and len(wishes) > 1:
            if talk.left:
                self._alone_until = self._clock() + CRASH_WINDOW
        elif trouble is not None:
            talk.fail(trouble)
        self._wishes.extendleft(reversed(talk.left))

    async def _hold(self, talk: Talk) -> Exception | None:
        """Hold a conversation; answers what ended it for all that have no answer."""
        alone = len(talk.wishes) == 1
        seconds = self._job_seconds * talk.patience
        try:
            async with asyncio.timeout(seconds):
                await talk.hold(await self._ready_pipe(), {"device": self.wanted_device})
        except PayloadShrank:
            await self._drop_pipe()
        except PipeBroken:
            return await self._crashed(counts=alone and bool(talk.left))
        except TimeoutError:
            await self._drop_pipe()
            return too_slow(seconds)
        except Exception as error:  # noqa: BLE001 - told to everyone who waits
            await self._drop_pipe()
            return error
        finally:
            talk.dismiss()
        return None

    def _hear_device(self, header: Header) -> None:
        self.device = str(header["device"])
        self._batch = int(header.get("batch", self._batch))
        self._become(WorkerState.BUSY)

    def _hear_success(self, wish: Wish) -> None:
        if wish.question["op"] in _TELLING:
            self._crashes.clear()

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

    async def _crashed(self, *, counts: bool = True) -> WorkerCrashed:
        pipe, self._pipe = self._pipe, None
        status = await pipe.kill() if pipe is not None else None
        if counts:
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
