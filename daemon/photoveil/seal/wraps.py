"""The secret of one photo, and how it is wrapped for every key that shall open it.

A fresh content key is wrapped once for every recipient; the slots left over hold random bytes, so that nobody can
count recipients. Whoever holds keys needs to see no more of a photo than the bytes that its mark carries, and whoever
puts marks on or takes them off needs no key but the content key of that one photo: so the daemon keeps the keys, and
the process that decodes foreign bytes never gets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from photoveil.seal.errors import RevokedKeyError, TooManyRecipientsError, WrongKeyError
from photoveil.seal.model import MOST_KEYS, SealKey

_NONCE = 8
_KEY = 10
CONTENT_BYTES = _KEY + _NONCE
SLOT_BYTES = _NONCE + MOST_KEYS * _KEY
TAG_BYTES = 16
_SYSTEM = SystemRandom()
_ONCE = bytes(12)
"""A content key encrypts one header that anyone sees (sealing tries out drafts, which it keeps to itself), so that
nothing need tell two of them apart."""


@dataclass(frozen=True)
class Content:
    """The secret of one photo."""

    key: bytes = field(repr=False)
    nonce: bytes

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose."""
        return _derived(self.key, self.nonce, purpose)

    @property
    def told(self) -> bytes:
        """Both parts, as one process tells another."""
        return self.key + self.nonce

    @classmethod
    def heard(cls, told: bytes) -> Content:
        """What was told; raises ValueError where it is something else."""
        if len(told) != CONTENT_BYTES:
            raise ValueError("not a content key")
        return cls(told[:_KEY], told[_KEY:])

    @classmethod
    def fresh(cls, draw: Random = _SYSTEM) -> Content:
        """A new one."""
        return cls(draw.randbytes(_KEY), draw.randbytes(_NONCE))


@dataclass(frozen=True)
class Wrapped:
    """A content key and the public bytes in which its recipients find it: all that sealing a photo needs."""

    content: Content
    slots: bytes


def wrap(keys: Sequence[SealKey], draw: Random = _SYSTEM) -> Wrapped:
    """A fresh content key for these keys.

    Args:
        keys: of all recipients.
        draw: what chance comes from; any other than the system's is for measuring alone, as it can be guessed.

    Raises:
        RevokedKeyError: one of them is for older photos only.
        TooManyRecipientsError: there are more keys than slots.
    """
    for one in keys:
        if one.revoked:
            raise RevokedKeyError.of(one.name)
    wanted = list(dict.fromkeys(key.secret for key in keys))
    if len(wanted) > MOST_KEYS:
        raise TooManyRecipientsError.of(len(wanted), MOST_KEYS)
    content = Content.fresh(draw)
    slots = [_xor(content.key, _slot(secret, content.nonce)) for secret in wanted]
    slots += [draw.randbytes(_KEY) for _ in range(MOST_KEYS - len(slots))]
    draw.shuffle(slots)
    return Wrapped(content, content.nonce + b"".join(slots))


def unwrap(frame: bytes, keys: Sequence[SealKey]) -> tuple[SealKey, Content]:
    """The key that opens a frame, and the content key that it wraps.

    Raises:
        WrongKeyError: none does, or the frame was forged.
    """
    nonce = frame[:_NONCE]
    for key in keys:
        mask = _slot(key.secret, nonce)
        for start in range(_NONCE, SLOT_BYTES, _KEY):
            slot = frame[start : start + _KEY]
            if len(slot) < _KEY:
                break
            content = Content(_xor(slot, mask), nonce)
            try:
                decrypted(frame, content)
            except ValueError:
                continue
            return key, content
    raise WrongKeyError.of(len(keys))


def encrypted(body: bytes, wrapped: Wrapped) -> bytes:
    """A frame: the slots, and what only the content key opens."""
    return wrapped.slots + AESGCM(wrapped.content.derived("header")).encrypt(_ONCE, body, wrapped.slots)


def decrypted(frame: bytes, content: Content) -> bytes:
    """What a frame says; raises ValueError where the content key is another's or the frame was forged."""
    slots, closed = frame[:SLOT_BYTES], frame[SLOT_BYTES:]
    try:
        return AESGCM(content.derived("header")).decrypt(_ONCE, closed, slots)
    except InvalidTag as error:
        raise ValueError("not this photo's content key") from error


def _slot(secret: bytes, nonce: bytes) -> bytes:
    return _derived(secret, nonce, "slot")[:_KEY]


def _derived(secret: bytes, nonce: bytes, purpose: str) -> bytes:
    # The number is that of this way of wrapping, which all versions of marks have shared so far.
    info = f"photoveil seal 1 {purpose}".encode()
    return HKDF(hashes.SHA256(), 32, salt=nonce, info=info).derive(secret)


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))
