"""Fetch a model set: resumed where it was interrupted, checked when it is whole, recorded when it is in place."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from photoveil import paths
from photoveil.models import disk
from photoveil.models.errors import ModelsError, PullCancelledError
from photoveil.models.hub import Remote, TransientError, ask, receive, unreachable
from photoveil.models.planning import hub_of, hub_set
from photoveil.models.source import Patience, Source
from photoveil.models.tensors import complaint
from photoveil.protection import model_sets
from photoveil.protection.model_sets import EncoderEntry, ModelSet, Pin

_T = TypeVar("_T")

NEWEST = "main"
_OFTEN = 0.1
"""Seconds between two words about progress."""


@dataclass(frozen=True)
class PullProgress:
    """How far a download is.

    Attributes:
        file: what is being fetched or checked.
        bytes_done: of all files, those that were there before included.
    """

    model_set: str
    file: str
    files_done: int
    files: int
    bytes_done: int
    bytes_total: int


def pull(
    name: str,
    folder: Path | None = None,
    *,
    source: Source | None = None,
    progress: Callable[[PullProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    patience: Patience | None = None,
) -> ModelSet:
    """Fetch what is missing of the set ``name`` into ``folder``, and again what is damaged there.

    Blocks; meant for a thread or process of its own. ``cancelled`` is asked between two pieces of data.

    Raises:
        PullCancelledError: ``cancelled`` said so.
        UnreachableError: the hub did not answer well for too long; the same may go well later.
        ModelsError: anything else; nothing but repair helps. In every case what has arrived is kept.
    """
    folder = folder or paths.models_dir()
    hub_set(name, folder)  # an unknown name leaves no folder behind
    with disk.locked(folder, name) as home:
        job = _Pull(
            home,
            hub_set(name, folder).encoders,
            source or Source(),
            patience or Patience(),
            progress or (lambda _progress: None),
            cancelled or (lambda: False),
        )
        job.run()
    return model_sets.model_set(name, folder)


class _Pull:
    """One set's download, under its lock."""

    def __init__(
        self,
        home: Path,
        entries: tuple[EncoderEntry, ...],
        source: Source,
        patience: Patience,
        progress: Callable[[PullProgress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._home = home
        self._entries = entries
        self._source = source
        self._patience = patience
        self._progress = progress
        self._cancelled = cancelled
        self._sizes = {e.name: e.bytes for e in entries}
        self._done: dict[str, int] = {e.name: 0 for e in entries}
        self._whole = 0
        self._told = 0.0

    def run(self) -> None:
        """Fetch whatever is not there as recorded."""
        missing = [entry for entry in self._entries if not self._there(entry)]
        if missing and self._source.offline:
            raise ModelsError(
                "Photoveil is offline",
                f"{', '.join(e.weights.name for e in missing)} would have to be fetched.",
                "Allow the network in the settings, or copy the files here and use `photoveil models add`.",
            )
        found = {entry.name: self._ask(entry) for entry in missing}
        missing = [entry for entry in missing if not self._adopted(entry, found[entry.name])]
        wanted = sum(found[e.name].size - _size(self._part(e, found[e.name])) for e in missing)
        disk.check_space(self._home, wanted)
        for entry in missing:
            self._fetch(entry, found[entry.name])
        with disk.readable_errors(self._home):
            for part in self._home.glob(".*.part"):
                part.unlink(missing_ok=True)

    def _there(self, entry: EncoderEntry) -> bool:
        """Whether a file is as recorded; read as a whole, because a pull is also what repairs."""
        if not entry.sha256 or not entry.weights.is_file():
            return False
        with disk.readable_errors(self._home):
            good = disk.sha256_of(entry.weights, lambda count: self._count(entry, count)) == entry.sha256
        self._done[entry.name] = 0
        if good:
            self._completed(entry, entry.weights.stat().st_size)
        return good

    def _ask(self, entry: EncoderEntry) -> Remote:
        pin, hub = self._pin(entry), hub_of(entry)
        revision = (pin.revision if pin else "") or hub.revision or NEWEST
        remote = self._patiently(lambda: ask(hub, revision, self._source, self._patience.timeout))
        if pin and remote.sha256 and remote.sha256 != pin.sha256:
            raise self._swapped(entry)
        self._sizes[entry.name] = remote.size
        return remote

    def _adopted(self, entry: EncoderEntry, remote: Remote) -> bool:
        """Whether the file is there already and only its record was not: killed just before, or record damaged."""
        if entry.sha256 or not remote.sha256 or _size(entry.weights) != remote.size:
            return False
        with disk.readable_errors(self._home):
            found = disk.sha256_of(entry.weights, lambda count: self._count(entry, count))
        self._done[entry.name] = 0
        if found != remote.sha256 or complaint(entry.weights, hub_of(entry).tensors):
            return False
        self._record(entry, remote, found)
        return True

    def _fetch(self, entry: EncoderEntry, remote: Remote) -> None:
        """Receive a file, a second time if it arrived damaged, check it and put it in place."""
        part = self._part(entry, remote)
        self._drop_other_parts(entry, part)
        pin = self._pin(entry)
        expected = remote.sha256 or (pin.sha256 if pin else "")
        for last in (False, True):
            self._receive(entry, remote, part)
            with disk.readable_errors(self._home):
                found = disk.sha256_of(part)
                if found == (expected or found):
                    break
                part.unlink()
            if last:
                raise (
                    self._swapped(entry)
                    if pin
                    else self._damaged(entry, "what arrives does not have the SHA-256 that it names")
                )
        with disk.readable_errors(self._home):
            if what := complaint(part, hub_of(entry).tensors):
                part.unlink()
                raise self._damaged(entry, what)
            disk.put(part, entry.weights)
        self._record(entry, remote, found)

    def _receive(self, entry: EncoderEntry, remote: Remote, part: Path) -> None:
        """Bring ``part`` to its full size, in as many tries as it takes as long as each brings something new."""
        if _size(part) > remote.size:
            with disk.readable_errors(self._home):
                part.unlink()
        best, failures = _size(part), 0
        while (have := _size(part)) < remote.size:
            try:
                self._receive_once(entry, remote, part, have)
            except TransientError as error:
                failures = failures + 1 if _size(part) <= best else 1
                best = max(best, _size(part))
                self._wait(failures, error)
        with disk.readable_errors(self._home), part.open("ab") as opened:
            os.fsync(opened.fileno())

    def _receive_once(self, entry: EncoderEntry, remote: Remote, part: Path, have: int) -> None:
        hub, timeout = hub_of(entry), self._patience.timeout
        with (
            receive(hub, remote, have, self._source, timeout) as piece,
            disk.readable_errors(self._home),
            part.open("ab") as opened,
        ):
            opened.truncate(piece.begin)
            self._done[entry.name] = piece.begin
            for chunk in piece.chunks:
                self._stop_if_cancelled()
                if self._done[entry.name] + len(chunk) > remote.size:
                    raise TransientError("it sent more than the file has")
                opened.write(chunk)
                self._count(entry, len(chunk))
        if _size(part) < remote.size:
            raise TransientError("the connection ended early")

    def _patiently(self, action: Callable[[], _T]) -> _T:
        failures = 0
        while True:
            self._stop_if_cancelled()
            try:
                return action()
            except TransientError as error:
                failures += 1
                self._wait(failures, error)

    def _wait(self, failures: int, error: TransientError) -> None:
        """Let the hub recover; raises UnreachableError after too many failures, PullCancelledError on request."""
        patience = self._patience
        if failures >= patience.tries:
            raise unreachable(self._source, error.reason) from error
        usual = patience.wait * 2 ** (failures - 1)
        until = time.monotonic() + min(patience.longest, max(usual, error.wait or 0.0))
        while (left := until - time.monotonic()) > 0:
            self._stop_if_cancelled()
            time.sleep(min(left, 0.2))

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise PullCancelledError(
                "Download stopped",
                "You stopped it; what has arrived is kept.",
                "Fetch the set again to go on where it stopped.",
            )

    def _record(self, entry: EncoderEntry, remote: Remote, sha256: str) -> None:
        hub, now = hub_of(entry), datetime.now(UTC).isoformat(timespec="seconds")
        record = Pin(sha256, remote.size, hub.repo, hub.file, remote.revision, self._source.address, now)
        disk.pin(self._home, entry.weights.name, record)
        self._completed(entry, remote.size)

    def _pin(self, entry: EncoderEntry) -> Pin | None:
        return model_sets.read_pins(self._home).get(entry.weights.name)

    def _part(self, entry: EncoderEntry, remote: Remote) -> Path:
        """Where a file grows; named after its content, so that nothing else is ever appended to it."""
        return self._home / f".{entry.name}.{disk.short_name(remote.etag)}.part"

    def _drop_other_parts(self, entry: EncoderEntry, keep: Path) -> None:
        with disk.readable_errors(self._home):
            for part in self._home.glob(f".{entry.name}.*.part"):
                if part != keep:
                    part.unlink(missing_ok=True)

    def _count(self, entry: EncoderEntry, count: int) -> None:
        self._done[entry.name] += count
        self._stop_if_cancelled()
        if time.monotonic() - self._told >= _OFTEN:
            self._tell(entry)

    def _completed(self, entry: EncoderEntry, size: int) -> None:
        self._done[entry.name] = self._sizes[entry.name] = size
        self._whole += 1
        self._tell(entry)

    def _tell(self, entry: EncoderEntry) -> None:
        self._told = time.monotonic()
        done, total = sum(self._done.values()), sum(self._sizes.values())
        files = len(self._entries)
        self._progress(PullProgress(self._home.name, entry.weights.name, self._whole, files, done, total))

    def _damaged(self, entry: EncoderEntry, what: str) -> ModelsError:
        return ModelsError(
            "The hub sent something else",
            f"{self._source.address} has {hub_of(entry).repo}, but {what}.",
            "Try again later, use another mirror, or copy the file here and use `photoveil models add`.",
        )

    def _swapped(self, entry: EncoderEntry) -> ModelsError:
        name = self._home.name
        return ModelsError(
            "The hub has another file now",
            f"{hub_of(entry).repo} no longer has the SHA-256 that was recorded for {entry.weights.name}.",
            f"Use the hub you first fetched it from. To trust what is there now, `photoveil models remove {name}` "
            "and fetch the set anew; personas are then learnt anew, too.",
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
