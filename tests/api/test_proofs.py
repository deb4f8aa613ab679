"""The cryptography of docs/protocol.md, against values computed by another program (openssl)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.api import proofs

CODE = "0123456789ABCDEF"
NC, NS = bytes(range(32)), bytes(range(32, 64))
ORIGIN = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
CLIENT, SESSION = "00112233445566aa", "ffeeddccbbaa9988"


def test_the_proofs_are_those_of_the_protocol() -> None:
    key = proofs.pair_key(CODE, NC, NS)
    session = proofs.session_key(key, NC, NS)
    empty, photo = hashlib.sha256(b"{}").hexdigest(), hashlib.sha256(b"photo").hexdigest()
    found = [
        proofs.pair_client(CODE, NC, ORIGIN),
        proofs.pair_daemon(CODE, NC, NS, CLIENT),
        key,
        proofs.pair_finish(key, CLIENT),
        proofs.session_daemon(key, NC, NS, SESSION, 47610),
        session,
        proofs.request(session, "lookup", 7, empty, ""),
        proofs.request(session, "protect", 8, photo, "eyJuYW1lIjoiYS5qcGcifQ"),
        proofs.answer(session, "lookup", 7, 200, empty),
        proofs.answer(session, "events", 9, 200, hashlib.sha256(b"").hexdigest()),
        proofs.answer(session, "job", 10, 404, empty),
    ]
    assert [proofs.b64(value) for value in found] == [
        "7EUNhYTHhbvGuo1IV7FDrkDlz2MWPgfiig57Y2KEkIo",
        "KGjorMGRRbfeCbVv8-YUfUDwjTAMlvUzWQYwhfFs0XY",
        "u0_gi7siN51J-q03wvt2A6cgDRY8ye0dcBPUIBUxs6A",
        "2anLVRvP2JCt7jZdDw258FwrKCJuw4c-jdGfDVDqOjU",
        "5QS4H3JjD4goSkxw4S3tpSK6CTrKUtVvtQko6Jr-om8",
        "FWZVkKP9aMAOvSG621jIrhzVD9s8NJ7Tdum0hMzX8Ew",
        "HN0Vz_eoOFdkMjTizDd2-ylkUX2HheYtXhCjCaoPcyA",
        "4YHtDXG3Tnf1Qd0IMX1Em_gpyt4_6IWTAebJhv3Dp4s",
        "oASs_HH_S7K63zJ27ISnDh9SDmmopZSKseb6safUPfI",
        "WHaHR6oRl7Rwk2mVDEd-qP8rKzJm2gT5DCzd8TNDq1Y",
        "s023linGpiDwa0npTSzTS3OX-6c0wvgJfKMGbwa8iQI",
    ]


def test_hkdf_is_that_of_rfc_5869() -> None:
    found = proofs.hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert found.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


@given(st.binary(max_size=100))
def test_b64_comes_back(data: bytes) -> None:
    assert proofs.unb64(proofs.b64(data)) == data


@pytest.mark.parametrize("text", ["a", "aa=", "a+aa", "a/aa", "aé", " aaa", "aa\n", "ab", None, 7, b"aaaa"])
def test_b64_has_one_form_only(text: object) -> None:
    with pytest.raises(ValueError, match="base64url"):
        proofs.unb64(text)


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODES = st.text(ALPHABET, min_size=16, max_size=16)


def test_codes_have_80_bits_of_the_alphabet() -> None:
    codes = {proofs.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 16 and set(code) <= set(ALPHABET) for code in codes)
    assert set("".join(codes)) == set(ALPHABET)


@given(CODES)
def test_a_shown_code_is_understood(code: str) -> None:
    assert proofs.grouped(code).count(" ") == 3
    assert proofs.normalised(proofs.grouped(code)) == code


@given(CODES, st.data())
def test_a_code_is_understood_however_it_is_typed(code: str, data: st.DataObject) -> None:
    looks = {"0": "0oO", "1": "1iIlL"}
    typed = ""
    for char in code:
        typed += data.draw(st.sampled_from(["", " ", "-", "  "]))
        typed += data.draw(st.sampled_from(looks.get(char, char + char.lower())))
    assert proofs.normalised(typed) == code


@given(st.text())
def test_normalising_twice_changes_nothing(typed: str) -> None:
    once = proofs.normalised(typed)
    assert proofs.normalised(once) == once
