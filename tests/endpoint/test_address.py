"""Which addresses a photo may go to."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from photoveil.endpoint import Endpoint, EndpointAddressError, RemoteRefusedError, consented, is_local
from photoveil.endpoint.address import parse

HERE = (
    "http://127.0.0.1:11434/v1",
    "http://localhost:8080",
    "http://LOCALHOST/v1/",
    "https://127.8.9.10:443/api/v1",
    "http://[::1]:1234/v1",
)
ELSEWHERE = (
    "https://api.example.org/v1",
    "http://127.0.0.1.example.org/v1",
    "http://localhost.example.org/v1",
    "http://192.168.1.7:11434/v1",
    "http://0.0.0.0:11434/v1",
    "http://10.0.0.1/v1",
    "http://[fe80::1]/v1",
    "http://2130706433/v1",  # some resolvers read this as 127.0.0.1
    "http://127.1/v1",
    "http://0x7f000001/v1",
)
NO_ADDRESS = (
    "",
    "127.0.0.1:11434",
    "ftp://127.0.0.1/v1",
    "file:///etc/passwd",
    "http://127.0.0.1@example.org/v1",
    "http://example.org\\@127.0.0.1/v1",
    "http://127.0.0.1#@example.org/v1",
    "http://127.0.0.1/v1?next=https://example.org",
    "http://127.0.0.1:0/v1",
    "http://127.0.0.1:99999/v1",
    "http://127.0.0.1 /v1",
    "http://127.0.0.1/v1/../../admin",
    "http://[::1%25eth0]/v1",
    "http://bücher.example/v1",
    "http://127.0.0.1/\nHost: example.org",
    "http:///v1",
    "http://" + "a" * 400,
)


@pytest.mark.parametrize("url", HERE)
def test_this_computer_is_local(url: str) -> None:
    assert is_local(url)
    Endpoint(url, "model")


@pytest.mark.parametrize("url", ELSEWHERE)
def test_everything_else_is_remote_and_refused(url: str) -> None:
    assert not is_local(url)
    with pytest.raises(RemoteRefusedError, match="not on this computer"):
        Endpoint(url, "model")


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_address_is_refused_even_with_a_yes(url: str) -> None:
    assert not is_local(url)
    with pytest.raises(EndpointAddressError):
        Endpoint(url, "model", remote_allowed=True)


def test_a_remote_address_needs_encryption() -> None:
    Endpoint("https://api.example.org/v1", "model", remote_allowed=True)
    with pytest.raises(RemoteRefusedError, match="unencrypted"):
        Endpoint("http://api.example.org/v1", "model", remote_allowed=True)


def test_consent_is_for_the_very_address_and_for_this_time() -> None:
    url = "https://api.example.org/v1"
    assert consented(url, "https://API.example.org:443/v1/", said_yes=True, offline=False)
    assert not consented(url, url, said_yes=False, offline=False)
    assert not consented(url, "", said_yes=True, offline=False)
    assert not consented(url, url, said_yes=True, offline=True)
    for other in (
        "https://api.example.com/v1",
        "https://api.example.org:8443/v1",
        "https://api.example.org/v2",
    ):
        assert not consented(url, other, said_yes=True, offline=False)


@pytest.mark.parametrize(
    ("url", "chat"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://[::1]:8080/api", "http://[::1]:8080/api/chat/completions"),
        ("https://h.example/v1/chat/completions", "https://h.example:443/v1/chat/completions"),
    ],
)
def test_questions_go_below_the_path_that_was_given(url: str, chat: str) -> None:
    assert parse(url).chat == chat


@given(st.text(string.printable + "é⁄。", max_size=60))
@example("127.0.0.1:80@evil.example")
@example("127.0.0.1。evil.example")
def test_no_text_passes_for_this_computer_unless_its_host_is_loopback(text: str) -> None:
    url = f"http://{text}"
    if is_local(url):
        host = parse(url).host
        assert host == "localhost" or host.startswith("127.") or ":" in host
        assert parse(parse(url).chat).base == parse(url).base


def test_a_key_is_not_shown() -> None:
    assert "sesame" not in repr(Endpoint("http://127.0.0.1/v1", "model", key="sesame"))
