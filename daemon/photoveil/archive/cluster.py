"""Computing on a Ray cluster: Ray Data feeds a pool of actors, each with an engine of its own.

Files are read and written on the machine that the run is started on; photos travel through the cluster's object store,
so no other machine needs to see the folders. What a lost machine had in hand is computed again by others.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from photoveil.archive.batch import Batch, BatchConfig, ProtectBatch, ReadPhotos, rows
from photoveil.archive.errors import ArchiveError, ArchiveUsageError, from_dict
from photoveil.archive.machines import Machines, Silence
from photoveil.archive.manifest import Job
from photoveil.errors import PhotoveilError

LOCAL = "local"
_MOST_BLOCKS = 4000
_MOST_PHOTOS = 8
"""Photos in a block: what a lost machine had in hand is that many times its actors, at most."""
_READERS = 2
_REFUSED = "refused"
_SILENCE = 60.0
"""Seconds without a photo after which the run says what it waits for."""


class Actor(ProtectBatch):
    """`ProtectBatch` as Ray runs it: what makes all work useless is an answer, since Ray hides who raised what."""

    def __call__(self, batch: Batch) -> Batch:
        """As of `ProtectBatch`, or one row that says why there is nothing."""
        try:
            return super().__call__(batch)
        except PhotoveilError as error:
            return {"outcome": [_REFUSED], "error": [json.dumps(error.as_dict())]}


class Cluster:
    """A connection to a cluster; a context.

    Attributes:
        failed: why the last `run` ended before its end; None where it did not.
    """

    def __init__(self, address: str, root: Path, say: Callable[[str], None]) -> None:
        """Connect; raises ArchiveError.

        Args:
            root: the library.
            say: told in words what the cluster is and what is waited for; called by another thread too.
        """
        self._say = say
        self.failed: PhotoveilError | None = None
        self._root = str(root)
        self._ray = check(address)
        self._open = contextlib.ExitStack()
        # Ray's threads print there what happens to its nodes: it belongs into Ray's logs, not into our results.
        self._open.enter_context(contextlib.redirect_stdout(io.StringIO()))
        alone: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level="error", **alone)
        except Exception as error:  # of a node that does not start in time Ray says no more than that
            self._open.close()
            raise ArchiveError(
                "The Ray cluster cannot be started"
                if address == LOCAL
                else "The Ray cluster cannot be reached",
                f"{str(error).splitlines()[0] if str(error) else type(error).__name__}",
                "Try again when this machine is less busy, or work without `--ray`."
                if address == LOCAL
                else "Start this command on one of the cluster's machines, with `--ray auto` or `--ray HOST:PORT`.",
            ) from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()
        self._open.close()

    def run(self, jobs: Sequence[Job], config: BatchConfig, most: int | None) -> Iterator[dict[str, Any]]:
        """Work on all jobs; results come as they are ready.

        Where the cluster gives up, results end early and `failed` tells why: what is missing may be tried again.

        Raises:
            PhotoveilError: nothing can be protected there at all.
        """
        self.failed = None
        machines = Machines.of(self._ray.nodes(), config.threads)
        self._say(
            machines.lacking(config.threads) or f"machines: {machines.alive}; photos at once: {machines.room}"
        )
        data = self._pipeline(jobs, config, machines, most)
        try:
            with Silence(_SILENCE, lambda seconds: self._waits(seconds, config.threads)) as silence:
                for batch in data.iter_batches(batch_size=None, batch_format="numpy"):
                    for row in rows(batch):
                        if row["outcome"] == _REFUSED:
                            raise from_dict(json.loads(row["error"]))
                        yield row
                    silence.heard()
        except self._ray.exceptions.RayError as error:
            self.failed = _gave_up(error)

    def _waits(self, seconds: float, threads: int) -> None:
        """Say what is waited for."""
        try:
            machines = Machines.of(self._ray.nodes(), threads)
            found = machines.lacking(threads) or machines.told(self._ray.available_resources())
        except (self._ray.exceptions.RayError, RuntimeError, OSError) as error:
            found = f"it does not answer ({type(error).__name__})"
        self._say(f"no photo came back for {seconds:.0f} s; {found}")

    def _pipeline(
        self, jobs: Sequence[Job], config: BatchConfig, machines: Machines, most: int | None
    ) -> Any:
        from ray import data

        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # However long other work has the cluster: the user is told, and may end the run. Ray would end it with an
        # error after half an hour.
        context.execution_no_progress_timeout_s = -1
        here = {"ray.io/node-id": self._ray.get_runtime_context().get_node_id()}
        blocks = max(1, min(len(jobs), max(_MOST_BLOCKS, len(jobs) // _MOST_PHOTOS)))
        items = [{"key": job.key, "path": job.path} for job in jobs]
        found = data.from_items(items, override_num_blocks=blocks)
        read = found.map_batches(
            ReadPhotos,
            fn_constructor_args=(self._root,),
            batch_size=None,
            batch_format="numpy",
            num_cpus=0,
            compute=data.ActorPoolStrategy(min_size=1, max_size=_READERS),
            label_selector=here,
        )
        return read.map_batches(
            Actor,
            fn_constructor_args=(config,),
            batch_size=1,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(
                min_size=1, max_size=max(1, min(machines.room, most or machines.room))
            ),
            num_gpus=1 if machines.gpus else None,
            num_cpus=None if machines.gpus else config.threads,
        )


def check(address: str) -> Any:
    """Ray itself, where it is installed and the address can be used; raises ArchiveUsageError."""
    # Nothing is reported to anybody: neither by this process nor by a cluster that it starts.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if "://" in address:
        raise ArchiveUsageError(
            "This address of a Ray cluster cannot be used",
            "A remote client's connection has no place in the cluster to read files at.",
            "Start this command on one of the cluster's machines, with `--ray auto` or `--ray HOST:PORT`.",
        )
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ArchiveUsageError(
            "Ray is not installed",
            f"`--ray` needs it ({error}).",
            "Install it with: pip install photoveil[ray]",
        ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _gave_up(error: Exception) -> ArchiveError:
    return ArchiveError(
        "The Ray cluster gave up",
        f"It ended the work with {type(error).__name__}.",
        "See Ray's own logs, then run the same command again: what is done stays done.",
    )
