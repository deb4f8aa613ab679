"""In the child: the report of a photo that another method than the engine's has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from photoveil import __version__
from photoveil.photos import Photo
from photoveil.protection import Engine
from photoveil.protection.delivery import Delivery
from photoveil.protection.jobs import Clock
from photoveil.protection.report import FileFacts, Report
from photoveil.worker.frames import Header

R = TypeVar("R", bound=Report)


def account(
    kind: type[R],
    engine: Engine,
    photo: Photo,
    done: Delivery,
    header: Header,
    clock: Clock,
    notes: Sequence[str],
    **told: dict[str, Any],
) -> R:
    """The report of a copy.

    Args:
        kind: of the report.
        engine: whose device and model set it was.
        photo: the original.
        done: the copy as it is delivered, and how like the original it is.
        header: what the parent asked.
        clock: how long each stage took.
        notes: for the user, after those of reading and writing the file.
        told: what this kind of report says beside the others; no encoder was moved, so ``encoders`` stays empty.
    """
    source, encoded = photo.source, done.encoded
    digest = hashlib.sha256(encoded.data).hexdigest()
    return kind(
        original=FileFacts(source.sha256, source.size, str(photo.format), *_size(photo.pixels)),
        delivered=FileFacts(digest, len(encoded.data), str(encoded.format), *_size(done.pixels)),
        psnr_db=done.psnr_db,
        ssim=done.ssim,
        encoders=[],
        timings_ms=clock.milliseconds(),
        model_set=engine.model_set,
        method=header["method"],
        strength=header["strength"],
        persona=header["persona"],
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=0,
        device=engine.device,
        notes=[*photo.notes, *encoded.notes, *notes],
        **told,
    )


def _size(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    return width, height
