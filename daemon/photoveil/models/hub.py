"""The conversation with a hub: what it has under a name, and its bytes from some place on.

huggingface_hub knows addresses, redirects, proxies and errors. Bytes are received here, because its own download
starts anew after every interruption of the process, which nobody wants of gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photoveil import __version__
from photoveil.models.errors import ModelsError, UnreachableError
from photoveil.models.source import Source
from photoveil.protection.model_sets import HubFile

if TYPE_CHECKING:
    import httpx2

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})


class TransientError(Exception):
    """The hub did not answer, or not well; worth another try after ``wait`` seconds (None: as you like)."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True)
class Remote:
    """A file as the hub describes it.

    Attributes:
        revision: the commit that ``url`` names; empty where the hub does not tell.
        sha256: of the content; empty where the hub does not tell.
        etag: whatever the hub calls this content.
    """

    url: str
    revision: str
    size: int
    sha256: str
    etag: str


@dataclass(frozen=True)
class Piece:
    """An answer to a request for bytes: where they begin, and they."""

    begin: int
    chunks: Iterator[bytes]


def ask(hub: HubFile, revision: str, source: Source, timeout: float) -> Remote:
    """What the hub has; raises ModelsError where it has it not, and TransientError where that is unclear."""
    library = _library()
    with _converted(hub, source):
        url = library.hf_hub_url(hub.repo, hub.file, revision=revision, endpoint=source.address)
        told = library.get_hf_file_metadata(
            url,
            token=source.token or False,
            timeout=timeout,
            endpoint=source.address,
            library_name="photoveil",
            library_version=__version__,
        )
    commit, etag = told.commit_hash or "", told.etag or ""
    if not told.size or told.size < 0 or not etag:
        raise _not_a_hub(source, "its answer has neither size nor name for the content")
    if _COMMIT.fullmatch(commit):  # from now on exactly this, also if the hub gets something newer meanwhile
        url = library.hf_hub_url(hub.repo, hub.file, revision=commit, endpoint=source.address)
    elif commit:
        raise _not_a_hub(source, "it names a commit that is none")
    return Remote(url, commit, told.size, etag if _SHA256.fullmatch(etag) else "", etag)


@contextmanager
def receive(hub: HubFile, remote: Remote, begin: int, source: Source, timeout: float) -> Iterator[Piece]:
    """Ask for the bytes from ``begin`` on; a hub may send all of them instead, as the answer's ``begin`` tells.

    Whatever goes wrong within the ``with`` while receiving becomes ModelsError or TransientError.
    """
    library = _library()
    headers = library.utils.build_hf_headers(
        token=source.token or False, library_name="photoveil", library_version=__version__
    )
    headers["Accept-Encoding"] = "identity"
    if begin:
        headers["Range"] = f"bytes={begin}-"
    with (
        _converted(hub, source),
        library.get_session().stream("GET", remote.url, headers=headers, timeout=timeout) as response,
    ):
        library.utils.hf_raise_for_status(response)
        yield Piece(_begin(response, begin, remote.size), response.iter_bytes())


def _begin(response: httpx2.Response, asked: int, size: int) -> int:
    """Where an answer's bytes begin; raises TransientError where it does not fit what was asked for."""
    if response.status_code == 200:
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if response.status_code != 206 or not found or int(found[1]) != asked or found[2] not in (str(size), "*"):
        raise TransientError("it sent another part of the file than was asked for")
    return asked


def _library() -> Any:
    """huggingface_hub, told not to report about this computer."""
    import huggingface_hub
    import huggingface_hub.utils  # or it is there only where somebody else has loaded it
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


@contextmanager
def _converted(hub: HubFile, source: Source) -> Iterator[None]:
    """Turn the library's errors into ours."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except HfHubHTTPError as error:
        raise _told(error, hub, source) from error
    except OfflineModeIsEnabled as error:
        raise ModelsError(
            "Downloads are switched off",
            "The environment variable HF_HUB_OFFLINE forbids them.",
            "Unset it, or copy the files here and use `photoveil models add`.",
        ) from error
    except httpx2.TimeoutException as error:
        raise TransientError("it did not answer in time") from error
    except httpx2.TransportError as error:
        raise TransientError(f"the connection failed ({error or type(error).__name__})") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _not_a_hub(source, str(error) or type(error).__name__) from error


def _told(error: Any, hub: HubFile, source: Source) -> Exception:
    status = int(error.response.status_code)
    if status in _LATER:
        return TransientError(f"it answered {status}", _retry_after(error.response))
    if status in _REFUSED:
        return ModelsError(
            "The hub wants to know who you are",
            f"{source.address} answered {status} for {hub.repo}.",
            "Check the address; if it is a mirror of your own, give the token it asks for.",
        )
    if status == 404:
        return ModelsError(
            "The hub does not have this file",
            f"{source.address} has no {hub.file} in {hub.repo}, or no longer.",
            "Use another mirror, or copy the file here and use `photoveil models add`.",
        )
    return _not_a_hub(source, f"it answered {status}")


def _retry_after(response: httpx2.Response) -> float | None:
    wanted = response.headers.get("Retry-After", "")
    return float(wanted) if wanted.isascii() and wanted.isdecimal() else None


def _not_a_hub(source: Source, what: str) -> ModelsError:
    return ModelsError(
        "This is not a model hub",
        f"{source.address} does not answer as a model hub does: {what}.",
        "Check the address of the mirror, or do without one.",
    )


def unreachable(source: Source, reason: str) -> UnreachableError:
    """What is told when patience ran out."""
    return UnreachableError(
        "The model hub cannot be reached",
        f"{source.address}: {reason}.",
        "Try again later; what has arrived is kept. Without a network, copy the files here and use "
        "`photoveil models add`.",
    )
