from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.settings import Settings, SiteProfile, normal_host

PROFILES = {
    "instagram.com": SiteProfile(strength="strong"),
    "photos.example.org": SiteProfile(protect=False),
    "xn--bcher-kva.example": SiteProfile(persona="anna"),
    "192.168.0.1": SiteProfile(persona="router"),
    "::1": SiteProfile(persona="six"),
    "localhost": SiteProfile(persona="here"),
}


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("instagram.com", "instagram.com"),
        ("www.Instagram.COM.", "instagram.com"),
        ("a.b.c.instagram.com:443", "instagram.com"),
        ("https://me@www.instagram.com:8443/x?y#z", "instagram.com"),
        ("notinstagram.com", None),
        ("instagram.com.evil.org", None),
        ("example.org", None),
        ("photos.example.org", "photos.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("shop.BÜCHER.example", "xn--bcher-kva.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("192.168.0.1:8080", "192.168.0.1"),
        ("1.192.168.0.1", None),
        ("[::1]:80", "::1"),
        ("[0:0::1]", "::1"),
        ("::1", "::1"),
        ("localhost:3000", "localhost"),
        ("", None),
        ("..", None),
        ("a b", None),
        ("-a.instagram.com", None),
        ("x" * 64 + ".instagram.com", None),
        ("a." * 200 + "instagram.com", None),
    ],
)
def test_a_site_is_found_by_its_host_or_a_domain_above(host: str, found: str | None) -> None:
    profile = Settings(sites=PROFILES).site(host)
    assert profile == (None if found is None else PROFILES[found])


def test_the_nearest_domain_wins() -> None:
    sites = {"org": SiteProfile(), "a.org": SiteProfile(protect=False)}
    found = Settings(sites=sites)
    assert found.site("x.a.org") is sites["a.org"]
    assert found.site("x.b.org") is sites["org"]


@pytest.mark.parametrize(
    ("text", "host"),
    [("straße.de", "xn--strae-oqa.de"), ("*.example.org", "example.org"), ("Ⓐ.org", "a.org")],
)
def test_names_are_those_that_browsers_use(text: str, host: str) -> None:
    assert normal_host(text) == host


@given(st.text(max_size=40))
def test_any_text_is_a_host_in_one_form_or_none(text: str) -> None:
    host = normal_host(text)
    if host is not None:
        assert host.isascii()
        assert normal_host(host) == host
    Settings(sites=PROFILES).site(text)
