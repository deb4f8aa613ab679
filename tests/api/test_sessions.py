from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.api import proofs
from photoveil.api.sessions import MAX_PER_CLIENT, REORDER, Authorization, Counter, Sessions, verified
from tests.api.house import House


@given(st.lists(st.integers(0, 300), max_size=150))
def test_a_number_is_accepted_once_and_within_the_window(numbers: list[int]) -> None:
    counter, seen, highest = Counter(), set[int](), -1
    for number in numbers:
        expected = number not in seen and number >= highest - REORDER
        assert counter.accept(number) is expected
        seen.add(number)
        highest = max(highest, number)


def test_great_leaps_are_fine() -> None:
    counter = Counter()
    assert counter.accept(9_999_999_999_999_999)
    assert not counter.accept(9_999_999_999_999_999)
    assert not counter.accept(1)


@pytest.mark.parametrize("number", ["-1", "01", "1e3", "", "99999999999999999", "1 "])
def test_numbers_have_one_form(number: str) -> None:
    assert Authorization.parse(f"Photoveil {'0' * 16}.{number}.{'0' * 64}.{'A' * 43}") is None


def test_the_oldest_sessions_of_a_client_leave() -> None:
    sessions = Sessions(lambda: 0.0)
    other, _ = sessions.open("other", None, b"K", proofs.nonce())
    own = [sessions.open("client", None, b"K", proofs.nonce())[0] for _ in range(MAX_PER_CLIENT + 3)]
    assert [sessions.find(session.id) is not None for session in own[:4]] == [False, False, False, True]
    assert sessions.find(other.id) is other
    sessions.close("client")
    assert sessions.find(own[-1].id) is None
    assert sessions.find(other.id) is other


def test_a_wrong_mac_does_not_use_its_number_up() -> None:
    session, _ = Sessions(lambda: 0.0).open("client", None, b"K", proofs.nonce())
    good = proofs.request(session.key, "status", 1, "0" * 64, "")
    assert not verified(session, Authorization(session.id, 1, "0" * 64, b"x" * 32), "status", "")
    assert verified(session, Authorization(session.id, 1, "0" * 64, good), "status", "")
    assert not verified(session, Authorization(session.id, 1, "0" * 64, good), "status", "")


def test_an_unknown_client_and_a_foreign_origin_get_no_session(house: House) -> None:
    browser = house.browser()
    nc = proofs.b64(proofs.nonce())
    assert browser.post("session", {"client": "0" * 16, "nc": nc}).status == 403
    assert browser.post("session", {"client": browser.client, "nc": nc}).status == 200
    browser.origin = "moz-extension://other"
    assert browser.post("session", {"client": browser.client, "nc": nc}).status == 403
    browser.origin = None
    assert browser.post("session", {"client": browser.client, "nc": nc}).status == 403


@pytest.mark.parametrize("body", [{}, {"client": 1, "nc": "x"}, {"client": "0" * 16, "nc": "AAAA"}])
def test_before_the_proof_errors_are_bare(house: House, body: dict[str, object]) -> None:
    answer = house.local().post("session", body)
    assert (answer.status, answer.body) == (400, b"")
