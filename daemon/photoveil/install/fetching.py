"""Fetching wheels: resumed where a cut left them, checked by their SHA-256, never half there under their final name."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import unquote, urlsplit

from photoveil.install.errors import SetupError

TRIES = 6
"""So often in a row without a single new byte; every byte that comes sets it back."""
_BLOCK = 1 << 18
_TIMEOUT = 60.0
_AT_ONCE = 8
_WHEEL = re.compile(r"[A-Za-z0-9_.+!-]+\.whl")
_AGENT = {"User-Agent": "photoveil-setup", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Artefact:
    """A wheel that is wanted: ``url`` may also be a file's; ``sha256`` is empty where nobody told one."""

    name: str
    version: str
    url: str
    sha256: str

    @property
    def file(self) -> str:
        """The wheel's file name."""
        name = unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]
        if not _WHEEL.fullmatch(name):
            raise SetupError(
                "A package could not be fetched",
                f"The index offers {self.name} as “{name}”, which is no wheel.",
                "Try again later; if it stays so, please report it.",
            )
        return name

    @property
    def local(self) -> Path | None:
        """The file itself, where it lies on this machine already."""
        parts = urlsplit(self.url)
        return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


class Fetcher:
    """Fetches into one folder.

    Args:
        folder: where finished wheels and unfinished ``.part`` files lie.
        authorities: a file of certificates to trust beside the system's, where there is one.
        pause: seconds before another try, doubled with each.
    """

    def __init__(self, folder: Path, authorities: Path | None = None, pause: float = 1.0) -> None:
        self._folder = folder
        self._pause = pause
        context = ssl.create_default_context()
        if authorities is not None and authorities.is_file():
            context.load_verify_locations(authorities)
        # Nothing but these two kinds of address is ever followed, redirections included.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPRedirectHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def sizes(self, wanted: Sequence[Artefact]) -> list[int]:
        """How large each is, in bytes; 0 where the server does not tell."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(self._size, wanted))

    def _size(self, artefact: Artefact) -> int:
        local = artefact.local
        try:
            if local is not None:
                return local.stat().st_size
            request = urllib.request.Request(artefact.url, headers=_AGENT, method="HEAD")  # noqa: S310
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                return int(answer.headers.get("Content-Length") or 0)
        except (OSError, ValueError, HTTPException):
            return 0

    def fetch(self, artefact: Artefact, tell: Callable[[int], None]) -> Path:
        """The wheel's file; ``tell`` gets how many of its bytes are there.

        Raises:
            SetupError: it cannot be had, what came is not what the index promised, or it promised nothing. What came so
                far stays.
        """
        local = artefact.local
        if local is not None:
            tell(local.stat().st_size)
            return local
        target = self._folder / artefact.file
        if not artefact.sha256:
            raise SetupError(
                "A package cannot be checked",
                f"The index tells no SHA-256 of {target.name}, so nobody could say whether it was altered.",
                "Use an index that tells it, as the usual ones do, or --wheels with files that you trust.",
            )
        # It was checked when it got this name; a folder that is carried about may have been altered since.
        if target.is_file() and _sha256(target) == artefact.sha256:
            tell(target.stat().st_size)
            return target
        part = target.with_name(target.name + ".part")
        for last in (False, True):
            self._fill(artefact, part, tell)
            if _sha256(part) == artefact.sha256:
                part.replace(target)
                return target
            part.unlink()
            if last:
                break
        raise SetupError(
            "A package is not what it should be",
            f"{artefact.file} came twice with another SHA-256 than its index promised.",
            "Try again on another network; a proxy or a mirror may alter downloads.",
        )

    def _fill(self, artefact: Artefact, part: Path, tell: Callable[[int], None]) -> None:
        """Until the server says that this is all of it."""
        tries = 0
        while True:
            before = part.stat().st_size if part.exists() else 0
            try:
                if self._go_on(artefact, part, before, tell):
                    return
                reason = "the connection ended early"
            except urllib.error.HTTPError as error:
                if error.code == 416:  # nothing after what is there: it was complete, or is of another file
                    return
                if 400 <= error.code < 500 and error.code not in (408, 429):
                    raise _cannot(artefact, f"the server answered {error.code} {error.reason}") from error
                reason = f"the server answered {error.code}"
            except (OSError, HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
            now = part.stat().st_size if part.exists() else 0
            tries = 0 if now > before else tries + 1
            if tries >= TRIES:
                raise _cannot(artefact, reason)
            time.sleep(self._pause * 2**tries)

    def _go_on(self, artefact: Artefact, part: Path, start: int, tell: Callable[[int], None]) -> bool:
        """Append what is missing; whether all of it came."""
        headers = {**_AGENT, **({"Range": f"bytes={start}-"} if start else {})}
        request = urllib.request.Request(artefact.url, headers=headers)  # noqa: S310 - see the opener
        with self._opener.open(request, timeout=_TIMEOUT) as answer:
            goes_on = answer.status == 206 and _begins(answer) == start
            done = start if goes_on else 0
            promised = int(answer.headers.get("Content-Length") or -1)
            came = 0
            with part.open("ab" if goes_on else "wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    came += len(block)
                    tell(done + came)
        return promised < 0 or came == promised


def _begins(answer: HTTPResponse) -> int:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range") or "")
    return int(found[1]) if found else -1


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cannot(artefact: Artefact, reason: str) -> SetupError:
    return SetupError(
        "A download did not come through",
        f"{artefact.file}: {reason}.",
        "Check the network and start it again: it goes on where it stopped.",
    )
