"""Computing on this machine: one process for each device, fed one photo at a time."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from photoveil.archive import child
from photoveil.archive.batch import FAILED, BatchConfig
from photoveil.archive.errors import WorkersFailedError, crashed, from_dict
from photoveil.archive.manifest import Job

_IN_HAND = 2
"""Photos given to a process at once: it goes on while its last result is written."""
_MOST_CRASHES = 5
"""So many processes may die in a row without any result before the run ends."""
_NEED = 3 << 29
"""Bytes that a process takes beside its weights: torch, and the buffers of a large photo."""

Result = dict[str, Any]
"""A row of `ProtectBatch`."""


@dataclass(frozen=True)
class Size:
    """How many processes, and how many threads each of them has."""

    processes: int
    threads: int


def fitting(weights: int, wished: int | None = None, *, cores: int = 0, memory: int = 0) -> Size:
    """What fits this machine's cores and memory.

    Threads depend on the machine and the model set alone: with other threads the last bit of a result may differ, and
    the number of processes must not matter.

    Args:
        weights: bytes of the model set's weights on disk.
        wished: the processes that the user asked for.
        cores, memory: of the machine, where they are not to be asked.
    """
    cores = cores or _cores()
    room = (memory or _memory()) * 3 // 4
    usual = max(1, min(cores, room // (_NEED + 3 * weights)))
    return Size(wished or usual, max(1, cores // usual))


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)


@dataclass
class _Worker:
    """A process, the pipe to it, and the photos it has in hand, oldest first."""

    process: BaseProcess
    pipe: Connection
    hand: deque[Job] = field(default_factory=deque)
    config: BatchConfig | None = None

    def ask(self, *message: Any) -> tuple[Any, ...]:
        """Send a message and wait for its answer; raises PhotoveilError."""
        try:
            self.pipe.send(message)
            return _accepted(self.pipe.recv())[1:]
        except (EOFError, OSError) as error:
            raise _given_up(self.process.exitcode) from error

    def give(self, job: Job, config: BatchConfig) -> None:
        """Hand over a photo; where the process has died, `LocalWorkers` finds out when it reads the answer."""
        self.hand.append(job)
        try:
            if self.config is None:
                self.config = config
                self.pipe.send((child.PREPARE, config))
            self.pipe.send((child.PHOTO, job.key, job.path))
        except OSError:
            return


class LocalWorkers:
    """Processes of this machine; a context that ends them."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._context = multiprocessing.get_context("spawn")
        self._stopping = self._context.RawValue(ctypes.c_byte, 0)  # no lock: it is set by a signal handler
        self._workers: list[_Worker] = []
        self._waiting: deque[Job] = deque()
        self._deaths: Counter[str] = Counter()
        self._crashes = 0

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            _bury(worker)
        self._workers.clear()

    def stop(self) -> None:
        """Finish the photos that were begun, and no others."""
        self._stopping.value = 1

    def learn(
        self, config: BatchConfig, personas: Path, sample: Iterable[Job]
    ) -> tuple[bytes, tuple[str, ...]]:
        """Get to know the persona from a sample, in its order, until it is settled.

        Returns:
            The persona's file, and the devices of this machine.

        Raises:
            PhotoveilError: encoders are missing, or the persona's file is damaged.
        """
        teacher = self._start()
        self._workers.append(teacher)
        (settled,) = teacher.ask(child.LEARN, config, str(personas))
        for job in sample:
            if settled or self._stopping.value:
                break
            (settled,) = teacher.ask(child.LEARN, job.key, job.path)
        persona, devices = teacher.ask(child.FINISH)
        return persona, devices

    def run(
        self, jobs: Iterator[Job], config: BatchConfig, devices: Sequence[str], processes: int
    ) -> Iterator[Result]:
        """Work on all jobs; results come as they are ready. A photo that two processes died of is a failure.

        Raises:
            PhotoveilError: nothing can be protected at all.
        """
        configs = [replace(config, device=devices[number % len(devices)]) for number in range(processes)]
        while self._hire(configs, jobs):
            yield from self._results()

    def _hire(self, configs: Sequence[BatchConfig], jobs: Iterator[Job]) -> bool:
        """Give every process work, starting those that are missing; whether anything is in hand."""
        for load in range(1, _IN_HAND + 1):
            for number, config in enumerate(configs):
                if number < len(self._workers) and len(self._workers[number].hand) >= load:
                    continue
                job = self._next(jobs)
                if job is None:
                    break
                if number >= len(self._workers):
                    self._workers.append(self._start())
                self._workers[number].give(job, config)
        return any(worker.hand for worker in self._workers)

    def _next(self, jobs: Iterator[Job]) -> Job | None:
        if self._stopping.value:
            return None
        return self._waiting.popleft() if self._waiting else next(jobs, None)

    def _results(self) -> Iterator[Result]:
        busy = {worker.pipe: worker for worker in self._workers if worker.hand}
        for pipe in wait(list(busy)):
            worker = busy[pipe]  # type: ignore[index]  # only connections were waited for
            try:
                kind, *told = _accepted(worker.pipe.recv())
            except (EOFError, OSError):
                yield from self._replaced(worker)
                continue
            job = worker.hand.popleft()
            self._crashes = 0
            if kind == child.DONE:
                yield {"key": job.key, **told[0]}

    def _replaced(self, worker: _Worker) -> Iterator[Result]:
        """Make up for a process that died: its photos are worked on again, the one it died of once more only."""
        _bury(worker)
        status = worker.process.exitcode
        self._crashes += 1
        if self._crashes >= _MOST_CRASHES:
            raise _given_up(status)
        blamed, *others = worker.hand
        self._waiting.extend(others)
        self._deaths[blamed.key] += 1
        if self._deaths[blamed.key] > 1:
            yield {"key": blamed.key, "outcome": FAILED, "error": json.dumps(crashed(status).as_dict())}
        else:
            self._waiting.append(blamed)
        self._workers[self._workers.index(worker)] = self._start()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=child.main,
            args=(theirs, self._root, self._stopping),
            name="photoveil-archive",
            daemon=True,
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _accepted(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """The answer itself; raises PhotoveilError where the process refused."""
    if answer[0] == child.REFUSED:
        raise from_dict(answer[1])
    return answer


def _bury(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _given_up(status: int | None) -> WorkersFailedError:
    return WorkersFailedError(
        "The archive cannot be made at the moment",
        f"The processes that compute the protection keep ending unexpectedly (status {status}).",
        "Free some memory or use fewer --processes, then run the same command again: what is done stays done.",
    )
