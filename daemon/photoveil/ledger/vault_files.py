"""The vault's containers: one encrypted file for one original.

A container is a prelude, a header and chunks::

    prelude  magic (8) · version (1) · key id (8) · salt (32) · chunk size (4) · header length (4)
    header   AES-256-GCM of the facts as JSON, among them the original's SHA-256 and length
    chunks   AES-256-GCM of 1 MiB each, the last one shorter

The key of a container is derived from the vault's key and the salt, so nonces may count: number of the chunk, and what
it is (header, chunk, last chunk). The prelude is authenticated with every part. A container with one bit changed, a
chunk missing, doubled, exchanged or added does not open.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from photoveil.ledger.vault_key import ID_BYTES, VaultKey

if TYPE_CHECKING:  # imported when needed: a daemon without originals stays small
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"PHOTOVLT"
_VERSION = 1
_PRELUDE = struct.Struct(f">8sB{ID_BYTES}s32sII")
_NONCE = struct.Struct(">QI")
_HEADER, _CHUNK, _LAST = range(3)
_TAG = 16
_CHUNK_SIZE = 1 << 20
_LARGEST_CHUNK = 1 << 24
_LARGEST_HEADER = 1 << 18


class ContainerError(Exception):
    """A container that does not open; the message completes "its file …"."""


class OtherKeyError(ContainerError):
    """The container was made with another key."""


class SourceChangedError(Exception):
    """The bytes are not those that were announced."""


@dataclass(frozen=True)
class Facts:
    """What a container says about the original in it: enough to build the ledger's rows again."""

    sha256: str
    bytes: int
    name: str
    path: str | None
    job: str | None
    created: str
    mode: int | None = None
    mtime_ns: int | None = None


def stored_size(facts: Facts) -> int:
    """As many bytes as the container will take."""
    tags = (_chunks(facts.bytes, _CHUNK_SIZE) + 1) * _TAG
    return _PRELUDE.size + len(_header(facts)) + facts.bytes + tags


def look(file: Path) -> os.stat_result:
    """The status of a photo about to be kept.

    Raises:
        OSError: it cannot be read.
        SourceChangedError: it is no regular file.
    """
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise SourceChangedError
    return found


def pieces(file: Path) -> Iterator[bytes]:
    """The bytes of a file, a chunk at a time."""
    with file.open("rb") as source:
        while piece := source.read(_CHUNK_SIZE):
            yield piece


def hash_of(file: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    for piece in pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def write(part: Path, key: VaultKey, facts: Facts, plain: Iterable[bytes]) -> int:
    """Encrypt ``plain`` into the new file ``part``, on the disk when this returns, and read it back.

    Returns:
        the container's size.

    Raises:
        SourceChangedError: ``plain`` is not what ``facts`` says.
        ContainerError: what was written does not read back.
        OSError: it cannot be written.
    """
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _encrypt(file, key, facts, plain)
        file.flush()
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):  # so that reading back means reading the disk
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    check(part, key)
    return part.stat().st_size


def check(file: Path, key: VaultKey) -> Facts:
    """Decrypt the whole container and throw the bytes away.

    Raises:
        ContainerError: it does not open.
        OSError: it cannot be read.
    """
    with closing(Opened(file, key)) as opened:
        for _ in opened:
            pass
        return opened.facts


def fault(file: Path, key: VaultKey, sha256: str) -> str | None:
    """Why a container does not give back the original with this SHA-256; None if it does."""
    try:
        if check(file, key).sha256 != sha256:
            return "holds another original"
    except (ContainerError, OSError) as error:
        return str(as_container_error(error))
    return None


def as_container_error(error: ContainerError | OSError) -> ContainerError:
    """A file that cannot be read, as one that does not open."""
    if isinstance(error, ContainerError):
        return error
    if isinstance(error, FileNotFoundError):
        return ContainerError("is missing")
    return ContainerError(f"cannot be read ({error.strerror or type(error).__name__})")


def key_id(file: Path) -> bytes | None:
    """Which key a file says it was made with; None if it is no container."""
    with file.open("rb") as source:
        prelude = source.read(_PRELUDE.size)
    if len(prelude) < _PRELUDE.size:
        return None
    magic, _, found, *_ = _PRELUDE.unpack(prelude)
    return found if magic == _MAGIC else None


class Opened:
    """An open container: its facts at once, its bytes by iterating; every byte given out is authentic.

    Raises:
        ContainerError: it does not open; also while iterating.
        OSError: it cannot be read.
    """

    def __init__(self, file: Path, key: VaultKey) -> None:
        self._file = file.open("rb")
        try:
            self._cipher, self._prelude, self._size, header = _begin(self._file, key)
            self.facts = _facts(self._open(header, 0, _HEADER))
        except BaseException:
            self._file.close()
            raise
        self._plain = self._decrypted()

    def __iter__(self) -> Iterator[bytes]:
        return self._plain

    def close(self) -> None:
        """Read no further."""
        self._file.close()

    def _decrypted(self) -> Generator[bytes, None, None]:
        digest, length = hashlib.sha256(), 0
        last = _chunks(self.facts.bytes, self._size) - 1
        for number in range(last + 1):
            sealed = self._file.read(self._size + _TAG)
            piece = self._open(sealed, number, _LAST if number == last else _CHUNK)
            digest.update(piece)
            length += len(piece)
            yield piece
        if self._file.read(1) or length != self.facts.bytes or digest.hexdigest() != self.facts.sha256:
            raise ContainerError("holds other bytes than it should")

    def _open(self, sealed: bytes, number: int, kind: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(_NONCE.pack(number, kind), sealed, self._prelude)
        except (InvalidTag, ValueError):
            raise ContainerError("is cut short or has changed bytes") from None


def _encrypt(file: BinaryIO, key: VaultKey, facts: Facts, plain: Iterable[bytes]) -> None:
    header = _header(facts)
    salt = os.urandom(32)
    prelude = _PRELUDE.pack(_MAGIC, _VERSION, key.id, salt, _CHUNK_SIZE, len(header) + _TAG)
    cipher = _cipher(key, salt)
    file.write(prelude)
    file.write(cipher.encrypt(_NONCE.pack(0, _HEADER), header, prelude))
    last = _chunks(facts.bytes, _CHUNK_SIZE) - 1
    digest = hashlib.sha256()
    for number, piece in enumerate(_even(plain)):
        if number > last:
            raise SourceChangedError
        digest.update(piece)
        nonce = _NONCE.pack(number, _LAST if number == last else _CHUNK)
        file.write(cipher.encrypt(nonce, piece, prelude))
    if digest.hexdigest() != facts.sha256:
        raise SourceChangedError


def _begin(file: BinaryIO, key: VaultKey) -> tuple[AESGCM, bytes, int, bytes]:
    """The cipher, the prelude, the chunk size and the sealed header of a container."""
    prelude = file.read(_PRELUDE.size)
    if len(prelude) < _PRELUDE.size:
        raise ContainerError("is cut short")
    magic, version, made_with, salt, chunk_size, header_size = _PRELUDE.unpack(prelude)
    if magic != _MAGIC or version != _VERSION:
        raise ContainerError("is not in a form that this Photoveil knows")
    if made_with != key.id:
        raise OtherKeyError("was made with another key")
    if not 0 < chunk_size <= _LARGEST_CHUNK or not _TAG <= header_size <= _LARGEST_HEADER:
        raise ContainerError("has changed bytes")
    return _cipher(key, salt), prelude, chunk_size, file.read(header_size)


def _cipher(key: VaultKey, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.for_file(salt))


def _header(facts: Facts) -> bytes:
    return json.dumps(asdict(facts)).encode()


def _facts(header: bytes) -> Facts:
    """The facts of an authentic header."""
    try:
        return Facts(**json.loads(header))
    except (ValueError, TypeError):
        raise ContainerError("is not in a form that this Photoveil knows") from None


def _even(plain: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of one size, the last one shorter; one empty chunk if there are none."""
    pending, number = bytearray(), 0
    for piece in plain:
        pending += piece
        while len(pending) > _CHUNK_SIZE:
            yield bytes(pending[:_CHUNK_SIZE])
            del pending[:_CHUNK_SIZE]
            number += 1
    if pending or not number:
        yield bytes(pending)


def _chunks(size: int, chunk_size: int) -> int:
    return max(1, -(-size // chunk_size))
