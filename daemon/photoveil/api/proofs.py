"""The cryptography of docs/protocol.md, shared by both sides: proofs, derived keys, pairing codes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets

NONCE_BYTES = 32
ANSWER_HEADER = "X-Photoveil-Proof"
"""Where the answer to a signed request carries its proof."""
CODE_LENGTH = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_B64 = re.compile(r"[A-Za-z0-9_-]*")


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: object) -> bytes:
    """The bytes of base64url without padding; ValueError for anything else."""
    if not isinstance(text, str) or not _B64.fullmatch(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if b64(data) != text:
        raise ValueError("not canonical base64url")
    return data


def nonce() -> bytes:
    """Random bytes for one use."""
    return secrets.token_bytes(NONCE_BYTES)


def new_code() -> str:
    """A pairing code of 80 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """A code as it is shown: groups of four."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def normalised(typed: str) -> str:
    """What was typed, as the code it stands for; the result need not be a code."""
    plain = typed.upper().translate({ord(" "): None, ord("-"): None})
    return plain.replace("O", "0").replace("I", "1").replace("L", "1")


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the joined parts."""
    return hmac.digest(key, b"".join(parts), hashlib.sha256)


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256, RFC 5869. Written out so that the daemon and the command line load no cryptography library."""
    key = hmac.digest(salt, ikm, hashlib.sha256)
    block, out = b"", b""
    for count in range(1, -(-length // hashlib.sha256().digest_size) + 1):
        block = hmac.digest(key, block + info + bytes([count]), hashlib.sha256)
        out += block
    return out[:length]


def same(one: bytes, other: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one, other)


def pair_client(code: str, nc: bytes, origin: str) -> bytes:
    """The browser's proof that its user was shown the code."""
    return mac(code.encode(), b"photoveil/1 pair client", nc, origin.encode())


def pair_daemon(code: str, nc: bytes, ns: bytes, client: str) -> bytes:
    """The daemon's proof that it showed the code."""
    return mac(code.encode(), b"photoveil/1 pair daemon", nc, ns, client.encode())


def pair_key(code: str, nc: bytes, ns: bytes) -> bytes:
    """The key K that both sides keep."""
    return hkdf(code.encode(), nc + ns, b"photoveil/1 pair key")


def pair_finish(key: bytes, client: str) -> bytes:
    """The browser's proof that it is the one being confirmed."""
    return mac(key, b"photoveil/1 pair finish", client.encode())


def session_daemon(key: bytes, nc: bytes, ns: bytes, session: str, port: int) -> bytes:
    """The daemon's proof that it knows K and listens on this port."""
    return mac(key, b"photoveil/1 session daemon", nc, ns, session.encode(), str(port).encode())


def session_key(key: bytes, nc: bytes, ns: bytes) -> bytes:
    """The key S of one session."""
    return hkdf(key, nc + ns, b"photoveil/1 session key")


def request(key: bytes, verb: str, number: int, sha256: str, meta: str) -> bytes:
    """The MAC of one request."""
    return mac(key, b"photoveil/1 request", f"{verb}.{number}.{sha256}.{meta}".encode())


def answer(key: bytes, verb: str, number: int, status: int, sha256: str) -> bytes:
    """The MAC of the answer to that request: its status and its body are the daemon's own."""
    return mac(key, b"photoveil/1 answer", f"{verb}.{number}.{status}.{sha256}".encode())
