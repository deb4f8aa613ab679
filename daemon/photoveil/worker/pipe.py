"""One running child and the pipes to it, as the parent sees them. Payloads are streamed, never held as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from photoveil.worker.frames import PREFIX, FrameError, Header, measure, pack, unpack_header

COMMAND = (sys.executable, "-P", "-m", "photoveil.worker.child")
_CHUNK = 1 << 18
_LAST_LINES = 40


class PipeBroken(Exception):  # noqa: N818 - an event of the conversation rather than an error for a reader
    """The child has ended or talks nonsense."""


class PayloadShrank(PipeBroken):
    """The file became shorter, or unreadable (its cause), while it was sent; the child is not to blame."""


class PayloadLost(Exception):  # noqa: N818 - an event of the conversation, too
    """An answer came whose payload could not be written, for the reason that is its cause."""

    def __init__(self, header: Header) -> None:
        super().__init__()
        self.header = header


def _nowhere(_header: Header) -> None:
    """Where payloads go that nobody wants."""


class Pipe:
    """A child process with framed messages on its standard input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("a worker needs three pipes")
        self.process = process
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._sending = asyncio.Lock()
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, command: Sequence[str] = COMMAND) -> Pipe:
        """Start the child."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20, env=_patient(os.environ)
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self.process.returncode is None

    async def send(self, header: Header, payload: Path | None = None) -> str:
        """Send one frame, its payload straight from the file. Answers the SHA-256 of the payload."""
        async with self._sending:
            try:
                if payload is None:
                    self._stdin.write(pack(header))
                    await self._stdin.drain()
                    return hashlib.sha256().hexdigest()
                return await self._send_file(header, payload)
            except (ConnectionError, RuntimeError) as error:
                raise PipeBroken from error

    async def _send_file(self, header: Header, payload: Path) -> str:
        digest = hashlib.sha256()
        with payload.open("rb") as file:
            left = os.fstat(file.fileno()).st_size
            self._stdin.write(pack(header, left))
            while left:
                try:
                    chunk = await asyncio.to_thread(file.read, min(_CHUNK, left))
                except OSError as error:
                    raise PayloadShrank from error
                if not chunk:  # the frame can no longer be completed
                    raise PayloadShrank
                left -= len(chunk)
                digest.update(chunk)
                self._stdin.write(chunk)
                await self._stdin.drain()
        return digest.hexdigest()

    async def receive(self, place: Callable[[Header], Path | None] = _nowhere) -> tuple[Header, str]:
        """The next frame; its payload goes into the file that ``place`` names for its header, or is thrown away.

        Answers the header and the payload's SHA-256. Raises PayloadLost where the file cannot be written: the pipe
        is ready for the next frame nevertheless.
        """
        try:
            header_length, payload_length = measure(await self._stdout.readexactly(PREFIX.size))
            header = unpack_header(await self._stdout.readexactly(header_length))
            chunks = self._chunks(payload_length)
            try:
                return header, await _keep(chunks, place(header) if payload_length else None)
            except OSError as error:
                async for _ in chunks:
                    pass
                raise PayloadLost(header) from error
        except (asyncio.IncompleteReadError, ConnectionError, FrameError) as error:
            raise PipeBroken from error

    async def _chunks(self, left: int) -> AsyncIterator[bytes]:
        while left:
            try:
                chunk = await self._stdout.read(min(_CHUNK, left))
            except ConnectionError as error:
                raise FrameError("payload cut off") from error
            if not chunk:
                raise FrameError("payload cut off")
            left -= len(chunk)
            yield chunk

    async def close(self, grace: float = 3.0) -> int:
        """End the child: asked by the end of its input, killed if it does not listen."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), grace)
        except TimeoutError:
            return await self.kill()
        await self._listener
        return self.process.returncode or 0

    async def kill(self) -> int:
        """End the child at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        status = await self.process.wait()
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._stdin.close()
        await self._listener
        return status

    async def _listen(self) -> None:
        """Keep the last lines of what the child and its libraries print, for the log if it crashes."""
        while True:
            try:
                line = await self._stderr.readline()
            except ValueError:  # a line longer than the limit
                continue
            if not line:
                return
            self.last_lines.append(line.decode("utf-8", "replace").rstrip()[:500])


async def _keep(chunks: AsyncIterator[bytes], part: Path | None) -> str:
    """Write what comes into ``part``, synced, if there is one; answers its SHA-256."""
    digest = hashlib.sha256()
    with part.open("wb") if part is not None else contextlib.nullcontext() as file:
        async for chunk in chunks:
            digest.update(chunk)
            if file is not None:
                await asyncio.to_thread(file.write, chunk)
        if file is not None:
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
    return digest.hexdigest()


def _patient(environment: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: threads that wait for each other look again a little while, then sleep.

    By default they go on looking, and on a machine that is busy with something else they look away the time of the
    thread they wait for: a photo took 152 seconds instead of 15. Where they sleep at once, waking them up takes as long
    as a small encoder's layer: on two idle cores a photo took 3.3 seconds instead of 1.9.
    """
    return {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000", **environment}
