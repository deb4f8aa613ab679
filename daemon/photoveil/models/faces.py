"""YuNet, OpenCV's face detector: one small file beside the model sets, whose SHA-256 is known before it comes.

Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector (2023); MIT licence; as OpenCV's model zoo has it. The hub's
repository is the one that OpenCV's own demonstration names.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from photoveil.models import disk
from photoveil.models.errors import ModelsError
from photoveil.models.hub import TransientError, ask, receive, unreachable
from photoveil.models.source import Patience, Source
from photoveil.protection.model_sets import HubFile

NAME = "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""Of models/face_detection_yunet in OpenCV's model zoo. No other file is fetched or read."""

_FILE = HubFile("opencv/face_detection_yunet", NAME, None, 232_589, "MIT", "")
_MOST = 1 << 20


def pull(folder: Path, source: Source, patience: Patience | None = None) -> Path:
    """Fetch the file into ``folder``, unless it is there; answers where it is. Blocks.

    Raises:
        UnreachableError: the hub did not answer well for too long.
        ModelsError: it has another file, nobody may be asked, or the folder takes no more.
    """
    place = folder / NAME
    with disk.readable_errors(folder):
        if place.is_file() and disk.sha256_of(place) == SHA256:
            return place
    if source.offline:
        raise ModelsError(
            "Photoveil is offline",
            f"{NAME} would have to be fetched.",
            f"Allow the network in the settings, or copy the file to {folder}.",
        )
    data = _patiently(source, patience or Patience())
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ModelsError(
            "The hub has another file",
            f"{source.address} has a {NAME} in {_FILE.repo} that is not the one OpenCV published.",
            f"Use another mirror, or copy the file of OpenCV's model zoo to {folder}.",
        )
    with disk.readable_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{NAME}.part"
        part.write_bytes(data)
        disk.put(part, place)
    return place


def _patiently(source: Source, patience: Patience) -> bytes:
    for failures in range(1, patience.tries + 1):
        try:
            return _fetch(source, patience.timeout)
        except TransientError as error:
            if failures == patience.tries:
                raise unreachable(source, error.reason) from error
            usual = patience.wait * 2 ** (failures - 1)
            time.sleep(min(patience.longest, max(usual, error.wait or 0.0)))
    raise ValueError("patience without a try")


def _fetch(source: Source, timeout: float) -> bytes:
    """The file in one go: it is smaller than what a broken download of it would be worth."""
    remote = ask(_FILE, "main", source, timeout)
    data = bytearray()
    with receive(_FILE, remote, 0, source, timeout) as piece:
        for chunk in piece.chunks:
            data += chunk
            if len(data) > _MOST:
                break
    if len(data) < remote.size <= _MOST:
        raise TransientError("the connection ended early")
    return bytes(data)
