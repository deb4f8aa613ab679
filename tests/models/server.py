"""A model hub on this computer, well-behaved by default and hostile on demand.

It speaks what huggingface_hub speaks: HEAD and GET of ``/REPO/resolve/REVISION/FILE``, which redirect to a store under
another host's name (``localhost`` instead of ``127.0.0.1``), with the hub's headers; and ranges.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_PIECE = 4096


@dataclass(frozen=True)
class Fault:
    """How one request for bytes is answered wrongly.

    Attributes:
        status: this instead of the bytes.
        cut: drop the connection after so many bytes.
        short: end properly after so many bytes, as if that were all.
        wrong: send these bytes instead.
        deaf: send everything though a range was asked for.
        shifted: send a range that begins so many bytes later than asked for.
        pause: seconds between two pieces.
        longer: bytes sent beyond the end.
        hold: wait for `Hub.go_on` after so many bytes.
    """

    status: int = 200
    cut: int | None = None
    short: int | None = None
    wrong: bytes | None = None
    deaf: bool = False
    shifted: int = 0
    pause: float = 0.0
    longer: bytes = b""
    hold: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    host: str


class Hub:
    """The hub; tests change it while it runs.

    Attributes:
        files: content by repository, as of the newest commit.
        older: content by repository and commit.
        faults: how the next requests for bytes are answered; the last stays if `lasting`.
        heads: how the next HEAD requests are answered, in status codes; the last stays if `lasting`.
        direct: answer with the bytes themselves, as simple mirrors do, instead of sending to a store.
        told: headers that replace those of a HEAD's answer; None leaves one out.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.older: dict[tuple[str, str], bytes] = {}
        self.faults: deque[Fault] = deque()
        self.heads: deque[int] = deque()
        self.lasting = False
        self.told: dict[str, str | None] = {}
        self.ignores_revisions = False
        self.direct = False
        self.seen: list[Seen] = []
        self.held = threading.Event()
        self.port = 0
        self._go_on: asyncio.Event
        self._loop: asyncio.AbstractEventLoop

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def commit(self, repo: str) -> str:
        return hashlib.sha1(self.files[repo], usedforsecurity=False).hexdigest()

    def move(self, repo: str, content: bytes, *, forget: bool = False) -> None:
        """A new commit; the old one stays unless the hub is to ``forget`` it."""
        if not forget:
            self.older[repo, self.commit(repo)] = self.files[repo]
        self.files[repo] = content

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._go_on.set)

    def asked(self, method: str, part: str = "") -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and part in seen.path]

    @contextmanager
    def running(self) -> Iterator[Hub]:
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        thread.start()
        assert ready.wait(100)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join(100)
            assert not thread.is_alive()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._end, self._go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        app = web.Application()
        app.router.add_route("HEAD", "/{owner}/{repo}/resolve/{revision}/{file}", self._resolve)
        app.router.add_route("GET", "/{owner}/{repo}/resolve/{revision}/{file}", self._resolve)
        app.router.add_route("GET", "/store/{owner}/{repo}/{sha}", self._bytes)
        app.router.add_route("*", "/{rest:.*}", self._lost)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        ready.set()
        await self._end.wait()
        self._go_on.set()
        await runner.cleanup()

    def _note(self, request: web.Request) -> None:
        self.seen.append(
            Seen(
                request.method, request.path, {n.lower(): v for n, v in request.headers.items()}, request.host
            )
        )

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        return web.Response(status=404)

    def _content(self, repo: str, revision: str) -> tuple[str, bytes] | None:
        if repo not in self.files:
            return None
        newest = self.commit(repo)
        if revision in ("main", newest) or self.ignores_revisions:
            return newest, self.files[repo]
        older = self.older.get((repo, revision))
        return None if older is None else (revision, older)

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if request.method == "HEAD" and (status := self._next(self.heads, 200)) != 200:
            return web.Response(status=status, headers={"Retry-After": "0"} if status == 429 else {})
        where = request.match_info
        repo = f"{where['owner']}/{where['repo']}"
        found = self._content(repo, where["revision"])
        if found is None:
            return web.Response(status=404, headers={"X-Error-Code": "EntryNotFound"})
        commit, content = found
        sha = hashlib.sha256(content).hexdigest()
        if self.direct and request.method == "GET":
            return await self._send(request, content, self._next(self.faults, Fault()))
        headers: dict[str, str | None] = {
            "Location": f"http://localhost:{self.port}/store/{repo}/{sha}",
            "X-Repo-Commit": commit,
            "X-Linked-Etag": f'"{sha}"',
            "X-Linked-Size": str(len(content)),
            "ETag": '"weak"',
            **self.told,
        }
        if self.direct:
            plain = web.StreamResponse(headers={"X-Repo-Commit": commit, "ETag": f'"{sha}"'})
            plain.content_length = len(content)
            return plain
        return web.Response(status=302, headers={n: v for n, v in headers.items() if v is not None})

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        where = request.match_info
        repo, sha = f"{where['owner']}/{where['repo']}", where["sha"]
        known = [self.files.get(repo, b""), *(c for (r, _), c in self.older.items() if r == repo)]
        content = next((c for c in known if hashlib.sha256(c).hexdigest() == sha), None)
        if content is None:
            return web.Response(status=404)
        fault = self._next(self.faults, Fault())
        if fault.status != 200:
            return web.Response(status=fault.status, headers=fault.headers)
        return await self._send(request, content, fault)

    async def _send(self, request: web.Request, content: bytes, fault: Fault) -> web.StreamResponse:
        content = content if fault.wrong is None else fault.wrong
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        begin = int(asked[1]) + fault.shifted if asked and not fault.deaf else 0
        data = content[begin:] + fault.longer
        response = web.StreamResponse(status=206 if begin else 200)
        if begin:
            response.headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        if fault.short is not None:
            data = data[: fault.short]
        response.content_length = len(data)
        with contextlib.suppress(ConnectionResetError):  # who asked has left
            await response.prepare(request)
            await self._write(request, response, data, fault)
        return response

    async def _write(
        self, request: web.Request, response: web.StreamResponse, data: bytes, fault: Fault
    ) -> None:
        for start in range(0, len(data), _PIECE):
            if fault.cut is not None and start + _PIECE > fault.cut:
                await response.write(data[start : fault.cut])
                await asyncio.sleep(0.01)  # let it leave before the connection is dropped
                assert request.transport is not None
                request.transport.abort()
                return
            if fault.hold is not None and start >= fault.hold:
                self.held.set()
                await self._go_on.wait()
            await response.write(data[start : start + _PIECE])
            if fault.pause:
                await asyncio.sleep(fault.pause)
        await response.write_eof()

    def _next(self, queue: deque[Any], usual: Any) -> Any:
        if not queue:
            return usual
        return queue[0] if self.lasting and len(queue) == 1 else queue.popleft()
