"""Every answer, noted as it comes, so that an interrupted audit goes on where it stopped.

One JSON object a line, only ever appended to. What is noted is the model's words, not our judgement of them: facts can
be corrected and the report made anew without asking again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from photoveil.audit.errors import AuditError
from photoveil.endpoint.answers import Answer

_LONGEST_WAIT = 1e9
"""Seconds. JSON knows NaN and numbers without end; of a report's sum nothing would be left."""


@dataclass(frozen=True)
class Noted:
    """An answer and the key of what was asked."""

    key: str
    text: str
    refused: bool
    seconds: float

    @property
    def answer(self) -> Answer:
        """As it came from the model."""
        return Answer(self.text, self.refused, self.seconds)


def key_of(model: str, picture_sha256: str, prompt: str) -> str:
    """Names a question put to a model: equal ones have equal answers."""
    return hashlib.sha256(json.dumps([model, picture_sha256, prompt]).encode()).hexdigest()[:32]


class Journal:
    """The noted answers of one folder.

    Args:
        file: made when the first answer is noted, readable by this user alone.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = {noted.key: noted for noted in self._read()}

    def __len__(self) -> int:
        """How many answers are noted."""
        return len(self._known)

    def get(self, key: str) -> Answer | None:
        """The answer to a question that was asked before."""
        found = self._known.get(key)
        return found.answer if found else None

    def note(self, key: str, answer: Answer) -> None:
        """Keep an answer; it is on disk when this returns. Raises AuditError."""
        noted = Noted(key, answer.text, answer.refused, round(answer.seconds, 3))
        line = json.dumps(asdict(noted), ensure_ascii=False) + "\n"
        try:
            descriptor = os.open(
                self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600
            )
            with os.fdopen(descriptor, "ab") as stream:
                # A line that a crash left torn ends here.
                stream.write(b"" if self._ends_whole() else b"\n")
                stream.write(line.encode("utf-8"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise AuditError(
                "The answers cannot be noted",
                f"{error.strerror}: {self._file}.",
                "Make room or choose another folder with -o; what was noted is kept.",
            ) from error
        self._known[key] = noted

    def _ends_whole(self) -> bool:
        with self._file.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) == 0:
                return True
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"

    def _read(self) -> Iterator[Noted]:
        try:
            lines = self._file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise AuditError(
                "The answers of an earlier run cannot be read",
                f"{error.strerror}: {self._file}.",
                "Check the rights of the folder, or choose another with -o.",
            ) from error
        for line in lines:
            noted = _parsed(line)
            if noted is not None:
                yield noted


def _parsed(line: bytes) -> Noted | None:
    """A line's answer; None for a torn or foreign one, which is then asked again."""
    try:
        found = json.loads(line)
        noted = Noted(**found)
    except (ValueError, TypeError, RecursionError):
        return None
    whole = isinstance(noted.key, str) and isinstance(noted.text, str) and isinstance(noted.refused, bool)
    timed = isinstance(noted.seconds, int | float) and 0 <= noted.seconds <= _LONGEST_WAIT
    return noted if whole and timed else None
