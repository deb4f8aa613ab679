"""The key of the vault: what is derived from it, and how it looks on paper."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from photoveil.ledger import vault_errors as errors

KEY_BYTES = 32
ID_BYTES = 8
_CHECK_BYTES = 3
_GROUP = 4


@dataclass(frozen=True)
class VaultKey:
    """256 random bits; only keys derived from them are ever used."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> VaultKey:
        """A key that nobody has seen."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def of_text(cls, text: str) -> VaultKey:
        """The key written down by ``text``; case, spaces and hyphens do not matter.

        Raises:
            VaultKeyError: it is not a key, or mistyped.
        """
        plain = (
            "".join(c for c in text.upper() if c.isalnum())
            .replace("0", "O")
            .replace("1", "I")
            .replace("8", "B")
        )
        try:
            data = base64.b32decode(plain)
        except (binascii.Error, ValueError):
            raise errors.key_mistyped() from None
        secret, check = data[:KEY_BYTES], data[KEY_BYTES:]
        if len(data) != KEY_BYTES + _CHECK_BYTES or check != _check(secret):
            raise errors.key_mistyped()
        return cls(secret)

    def text(self) -> str:
        """The key in groups of four letters and digits, the last ones a checksum: for a backup on paper."""
        plain = base64.b32encode(self.secret + _check(self.secret)).decode()
        return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))

    @cached_property
    def id(self) -> bytes:
        """Tells keys apart and tells nothing else."""
        return self._derive(b"photoveil vault key id", b"", ID_BYTES)

    def name(self, sha256: str) -> str:
        """The file name of an original: without the key nobody can tell whether a known photo is in the vault."""
        return hmac.digest(self._names, bytes.fromhex(sha256), "sha256").hex()

    def for_file(self, salt: bytes) -> bytes:
        """The key of one container."""
        return self._derive(b"photoveil vault file", salt, KEY_BYTES)

    @cached_property
    def _names(self) -> bytes:
        return self._derive(b"photoveil vault names", b"", KEY_BYTES)

    def _derive(self, use: bytes, salt: bytes, length: int) -> bytes:
        # Imported when needed: a daemon without originals stays small.
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), length, salt or None, use).derive(self.secret)


def _check(secret: bytes) -> bytes:
    return hashlib.sha256(b"photoveil vault key" + secret).digest()[:_CHECK_BYTES]
