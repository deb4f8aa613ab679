"""Fetching a model set in the background: one at a time, told as it goes, given up at once, resumed after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from photoveil.errors import PhotoveilError
from photoveil.fitting.wishes import Wishes
from photoveil.hub import Hub
from photoveil.notices import Notices
from photoveil.settings import Settings
from photoveil.worker.tasks import ChildError

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "photoveil.fitting.child")
AGAIN_SECONDS = (60.0, 300.0, 900.0, 3600.0)
"""How long to wait before a hub that was away is asked again; after the last time, the user has to ask."""
_MAY_PASS = ("models_unreachable", "download")
"""Codes of what may go well later without anybody's doing anything."""
_NOTICE = "download"
_LEAVE_SECONDS = 4.0
_LAST_LINES = 20
Kind = Literal["pull", "verify"]


class DownloadError(PhotoveilError):
    """A model set cannot be fetched now."""

    code = "download"


@dataclass(frozen=True)
class Download:
    """How far the set is that is being fetched or checked.

    Attributes:
        state: ``waiting`` for another try at ``again``, with the last ``error``.
        bytes_total: 0 until it is known.
    """

    model_set: str
    kind: Kind = "pull"
    state: Literal["running", "waiting", "failed"] = "running"
    file: str = ""
    files_done: int = 0
    files: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    error: dict[str, str] | None = None
    again: str | None = None

    @property
    def share(self) -> float | None:
        """How much of it is done, 0…1."""
        return min(1.0, self.bytes_done / self.bytes_total) if self.bytes_total else None

    def as_dict(self) -> dict[str, Any]:
        """As it goes to the dashboard."""
        return dict(vars(self))


class Downloads:
    """Fetches and checks model sets in a child process.

    Every change is published: ``download`` with the whole state while it goes on, ``models`` when something has come or
    gone. What cannot be mended by waiting becomes a notice.

    Args:
        folder: where model sets lie.
        wishes: where it is written down what is to be fetched, so that a restart does not forget it.
        settings: tells the mirror, and whether the network may be used.
        command: what to start; tests put something else here.
        again: as `AGAIN_SECONDS`.
    """

    def __init__(
        self,
        folder: Path,
        wishes: Wishes,
        settings: Callable[[], Settings],
        hub: Hub,
        notices: Notices,
        *,
        command: Sequence[str] = COMMAND,
        again: Sequence[float] = AGAIN_SECONDS,
    ) -> None:
        self.current: Download | None = None
        self.checked: dict[str, list[dict[str, Any]]] = {}
        self._folder = folder
        self._wishes = wishes
        self._settings = settings
        self._hub = hub
        self._notices = notices
        self._command = tuple(command)
        self._again = tuple(again)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on with what the last run left."""
        if self._wishes.pull is not None:
            self._begin(self._pull(self._wishes.pull))

    async def pull(self, model_set: str) -> None:
        """Fetch a set; answers when it has begun. Raises DownloadError while another is at it."""
        self._check_free()
        if self._settings().offline:
            raise DownloadError(
                "The model set cannot be fetched",
                "The setting “Stay offline” is on.",
                "Turn it off in the settings, or add the files with `photoveil models add`.",
            )
        await self._stop()
        self._wishes.want(model_set)
        self._become(Download(model_set))
        self._begin(self._pull(model_set))

    async def verify(self, model_set: str, size: int) -> None:
        """Check the files of a set, so many bytes; answers when it has begun. ``checked`` has what was found."""
        self._check_free()
        await self._stop()
        self.checked.pop(model_set, None)
        self._become(Download(model_set, "verify"))
        self._begin(self._verify(model_set, size))

    async def cancel(self) -> bool:
        """Give up; what was fetched stays for another time. False where there was nothing to give up."""
        if self.current is None:
            return False
        await self._stop()
        self._wishes.want(None)
        self._become(None)
        return True

    async def close(self) -> None:
        """End it for now; the next start goes on."""
        await self._stop()

    def _check_free(self) -> None:
        if self.current is not None and self.current.state == "running":
            raise DownloadError(
                "Another model set is being seen to",
                f"“{self.current.model_set}” is not done yet, and one goes after the other.",
                "Wait until it is done, or cancel it first.",
            )

    def _begin(self, work: Any) -> None:
        self._task = asyncio.create_task(work)

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _pull(self, model_set: str) -> None:
        """Fetch a set, patiently."""
        for wait in (*self._again, None):
            if self.current is None or self.current.state != "running":
                self._become(Download(model_set))
            error = await self._attempt("pull", model_set)
            if error is None:
                self._wishes.want(None)
                self._become(None)
                return
            log.warning("model set %s could not be fetched: %s", model_set, error["code"])
            told = replace(self.current or Download(model_set), error=error)
            if wait is None or error["code"] not in _MAY_PASS:
                self._become(replace(told, state="failed"))
                return
            again = datetime.fromtimestamp(datetime.now(UTC).timestamp() + wait, UTC)
            self._become(replace(told, state="waiting", again=again.isoformat(timespec="seconds")))
            await asyncio.sleep(wait)

    async def _verify(self, model_set: str, size: int) -> None:
        error = await self._attempt("verify", model_set, size)
        if error is not None:
            self._become(Download(model_set, "verify", "failed", error=error))
            return
        self._become(None)

    async def _attempt(self, op: Kind, model_set: str, size: int = 0) -> dict[str, str] | None:
        """One run of the child; answers what went wrong."""
        settings = self._settings()
        question = {
            "op": op,
            "model_set": model_set,
            "folder": str(self._folder),
            "bytes": size,
            "endpoint": settings.model_endpoint,
            "offline": settings.offline,
        }
        try:
            async with _running(self._command, question) as lines:
                async for message in lines:
                    if "progress" in message:
                        self._progress(message["progress"])
                    elif "error" in message:
                        return {str(name): str(value) for name, value in message["error"].items()}
                    elif "done" in message:
                        self.checked[model_set] = message["done"]
                        return None
        except (OSError, ValueError) as error:
            log.warning("the process that fetches model sets failed: %s", type(error).__name__)
        return _ended_early(model_set).as_dict()

    def _progress(self, told: dict[str, Any]) -> None:
        if self.current is None:
            return
        self.current = replace(
            self.current,
            file=str(told["file"]),
            files_done=int(told["files_done"]),
            files=int(told["files"]),
            bytes_done=int(told["bytes_done"]),
            bytes_total=int(told["bytes_total"]),
        )
        self._hub.publish("download", **self.current.as_dict())

    def _become(self, state: Download | None) -> None:
        self.current = state
        if state is not None and state.state == "failed" and state.error:
            self._notices.set(_NOTICE, ChildError(state.error))
        else:
            self._notices.clear(_NOTICE)
        self._hub.publish("download", **(state.as_dict() if state else {"model_set": None}))
        self._hub.publish("models")


@contextlib.asynccontextmanager
async def _running(
    command: Sequence[str], question: dict[str, Any]
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The child at work, as the messages it sends; it is gone when this is left, however that happens."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20
    )
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RuntimeError("a child needs three pipes")
    last: deque[str] = deque(maxlen=_LAST_LINES)
    listener = asyncio.create_task(_listen(stderr, last))
    ended_well = False
    try:
        stdin.write(json.dumps(question).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await stdin.drain()
        yield _messages(stdout)
        ended_well = await _left(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await listener
        if not ended_well and process.returncode != -9:
            for line in last:
                log.warning("fetching: %s", line)


async def _left(process: asyncio.subprocess.Process) -> bool:
    """Whether the child, which has said all, ends by itself and well."""
    try:
        return await asyncio.wait_for(process.wait(), _LEAVE_SECONDS) == 0
    except TimeoutError:
        return False


async def _messages(stdout: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    while line := await stdout.readline():
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no message")  # noqa: TRY004 - the child's mistake, not a caller's
        yield message


async def _listen(stderr: asyncio.StreamReader, last: deque[str]) -> None:
    while True:
        try:
            line = await stderr.readline()
        except ValueError:  # a line longer than the limit
            continue
        if not line:
            return
        last.append(line.decode("utf-8", "replace").rstrip()[:500])


def _ended_early(model_set: str) -> DownloadError:
    return DownloadError(
        f"“{model_set}” could not be fetched",
        "The process that fetches model sets ended unexpectedly.",
        "Try again; what was fetched already is kept. If it happens again, see the log.",
    )
