"""docs/protocol.md against both sides: the daemon's tables and code, and what extension and dashboard really send.

The other half of the document, the table of verbs with its fields, is checked in test_schema.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from photoveil.api import bodies, door, guard, pages, pairing, proofs, server, sessions, sign_in, streams
from photoveil.api import settings_verbs as sites
from photoveil.api.verbs import BYTES, JSON, MAX_PHOTO, VERBS, Access
from photoveil.settings import DEFAULT_PORT

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT.joinpath("docs/protocol.md").read_text("utf-8")
PLAIN = " ".join(DOCUMENT.split())
EXTENSION = {
    file.name: file.read_text("utf-8") for file in sorted(ROOT.joinpath("extension/background").glob("*.js"))
}
DASHBOARD = {
    file.name: file.read_text("utf-8")
    for file in sorted(ROOT.joinpath("daemon/photoveil/api/dashboard").rglob("*.js"))
}
STAND_IN = ROOT.joinpath("tests/browser/support/standin.mjs").read_text("utf-8")
ACCESS = dict(re.findall(r"^\| `([a-z/]+)` \| ([a-z-]+) \|", DOCUMENT.partition("## Verbs")[2], re.MULTILINE))

ASKED = re.compile(r"(?:\bjson|\brequest|\bask|#send|\bfile)\(\s*(?:port, )?'([a-z]+(?:/[a-z]+)*)'")


def asked(sources: dict[str, str]) -> set[str]:
    """The verbs that are named where something is sent."""
    return {verb for source in sources.values() for verb in ASKED.findall(source)}


# Verbs: what each side asks for is what the document lets it ask for.


def test_the_extension_asks_for_what_browsers_may() -> None:
    """Every verb that a browser has is used, or is left to others here by name; none that it does not have."""
    allowed = {
        name for name, access in ACCESS.items() if access in (Access.CLIENT, Access.PAIRING, Access.OPENING)
    }
    assert asked(EXTENSION) == allowed


def test_the_dashboard_asks_for_what_owners_may() -> None:
    allowed = {
        name
        for name, access in ACCESS.items()
        if access in (Access.CLIENT, Access.OWNER, Access.SIGN_IN, Access.OPENING)
    }
    found = asked(DASHBOARD)
    assert found <= allowed, found - allowed
    assert len(found) > 20


def test_only_the_listed_verbs_are_open_to_strangers() -> None:
    unsigned = {verb.name for verb in VERBS.values() if not verb.signed}
    assert unsigned == {
        name for name, access in ACCESS.items() if access in ("pairing", "opening", "sign-in")
    }


# Where the daemon is.


def test_ports() -> None:
    told = [
        int(port) for port in re.findall(r"\b476\d\d\b", DOCUMENT.partition("Ports tried in order:")[2][:60])
    ]
    assert told == list(range(DEFAULT_PORT, DEFAULT_PORT + server.FALLBACKS))
    for source in (EXTENSION["wire.js"], STAND_IN):
        ports = re.search(r"PORTS = (?:Object\.freeze\()?\[([\d, ]+)\]", source)
        assert ports is not None
        assert [int(port) for port in ports[1].split(",")] == told
    assert f"http://{guard.ADDRESS}:<port>/v1/<verb>" in DOCUMENT
    for source in (EXTENSION["daemon.js"],):
        assert "`http://127.0.0.1:${port}/v1/${verb}`" in source


# Headers.


def test_headers_of_requests_and_answers() -> None:
    header = re.compile(r"['\"](X-Photoveil[A-Za-z-]*|Authorization|Content-Type)['\"]?\s*[\]:,)]")
    bare = re.compile(r"\b(Authorization):|PROOF = '(X-Photoveil-Proof)'")
    in_document = {"X-Photoveil", "X-Photoveil-Meta", "X-Photoveil-Proof", "Authorization", "Content-Type"}
    assert {name for name in in_document if f"`{name}" in DOCUMENT} == in_document
    for source in (EXTENSION["daemon.js"], DASHBOARD["daemon.js"]):
        found = {*header.findall(source), *(name for names in bare.findall(source) for name in names if name)}
        assert found == in_document
        assert "'X-Photoveil': '1'" in source
    assert proofs.ANSWER_HEADER in in_document
    assert {verb.content_type for verb in VERBS.values()} == {JSON, BYTES}
    for name, value in pages.HEADERS.items():
        assert f"`{name}: {value}`" in PLAIN, name
    assert pages.POLICY in PLAIN


def test_origins() -> None:
    told = re.search(r"`Origin` matches `([^`]+)`", DOCUMENT)
    assert told is not None
    assert told[1].replace("\\|", "|") == f"^{guard._EXTENSION.pattern}$"


# What is proved: the same labels in the document, the daemon, the extension, the dashboard and the stand-in.

LABEL = re.compile(
    r"photoveil/1 (pair client|pair daemon|pair finish|pair key|session daemon|session key|request|answer)"
)
EVERY_LABEL = {
    *("pair client", "pair daemon", "pair finish", "pair key"),
    *("session daemon", "session key", "request", "answer"),
}


def test_labels() -> None:
    daemon = ROOT.joinpath("daemon/photoveil/api/proofs.py").read_text("utf-8")
    assert set(LABEL.findall(DOCUMENT)) == EVERY_LABEL
    assert set(LABEL.findall(daemon)) == EVERY_LABEL
    assert set(LABEL.findall("".join(EXTENSION.values()))) == EVERY_LABEL
    assert set(LABEL.findall("".join(DASHBOARD.values()))) == {
        "session daemon",
        "session key",
        "request",
        "answer",
    }
    anything_else = re.compile(r"photoveil/\d+ (?!pair |session |request|answer)\w+")
    for source in (DOCUMENT, daemon, *EXTENSION.values(), *DASHBOARD.values()):
        assert anything_else.findall(source) == []


def test_formulas() -> None:
    request = '"photoveil/1 request" ‖ verb ‖ "." ‖ n ‖ "." ‖ sha256 ‖ "." ‖ meta'
    answer = '"photoveil/1 answer" ‖ verb ‖ "." ‖ n ‖ "." ‖ status ‖ "." ‖ sha256'
    assert f"HMAC(S, {request})" in DOCUMENT
    assert f"HMAC(S, {answer})" in DOCUMENT
    for source in (DASHBOARD["daemon.js"], EXTENSION["daemon.js"]):
        assert "`photoveil/1 request${verb}.${n}.${digest}.${metaText}`" in source
    assert "`photoveil/1 answer${verb}.${n}.${status}.${await sha256(bytes)}`" in DASHBOARD["daemon.js"]
    assert "`photoveil/1 answer${about}.${response.status}.${digest}`" in EXTENSION["daemon.js"]
    assert "#read(response, `${verb}.${n}`" in EXTENSION["daemon.js"]


# Numbers: each sentence of the document with the constant it tells.


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        (r"has (\d+) seconds for each request", door.PATIENCE),
        (r"of more than (\d+) such", door.MAX_STRANGERS),
        (r"A client may have (\d+) requests in hand", server.MAX_AT_ONCE),
        (r"it lives (\d+) seconds, allows five tries", pairing.WINDOW),
        (r"the user has at least (\d+) seconds to confirm", pairing.CONFIRM),
        (r"The code has (\d+) Crockford", proofs.CODE_LENGTH),
        (r"up to (\d+) places of reordering", sessions.REORDER),
        (r"valid (\d+) minutes", sessions.LIFETIME / 60),
        (r"works once and for (\d+) seconds", sign_in.CODE_SECONDS),
        (r"The code has (\d+) random bits", sign_in.CODE_BYTES * 8),
        (r"memory for (\d+) hours", sign_in.LIFETIME / 3600),
        (r"fills every silence of (\d+) seconds", streams.HEARTBEAT),
        (r"At most (\d+) streams per client", streams.MAX_PER_CLIENT),
        (r"streams per client and (\d+) in all", streams.MAX_STREAMS),
        (r"does not read for (\d+) seconds", streams.PATIENCE),
        (r"`too_many_sites` when (\d+) have", sites.MAX_SITES),
        (r"octet-stream`, at most (\d+) MiB", MAX_PHOTO / (1 << 20)),
        (r"body \((\d+) KiB at most", VERBS["/v1/session"].limit / 1024),
        (r"KiB at most, within (\d+) seconds", bodies.UNSIGNED_SECONDS),
    ],
)
def test_numbers(sentence: str, number: float) -> None:
    found = re.search(sentence, PLAIN)
    assert found is not None, sentence
    assert int(found[1]) == number


def test_the_extension_keeps_within_the_numbers() -> None:
    """It knows the largest photo and how long the daemon may be silent, and stays below the rate."""

    def constant(file: str, pattern: str) -> list[float]:
        found = re.search(pattern, EXTENSION[file])
        assert found is not None, pattern
        return [float(group.replace("_", "")) for group in found.groups()]

    assert constant("jobs.js", r"MAX_PHOTO_BYTES = (\d+) \* 1024 \* 1024")[0] * (1 << 20) == MAX_PHOTO
    assert constant("live.js", r"silence: ([\d_]+)")[0] > 2 * 1000 * streams.HEARTBEAT
    rate = re.search(r"The rate is (\d+) requests a second after a burst of (\d+)", PLAIN)
    assert rate is not None
    per_second, burst = constant("daemon.js", r"new Pace\((\d+), (\d+)\)")
    assert (per_second, burst) < (float(rate[1]), float(rate[2]))
    assert burst < float(rate[2])
    assert constant("jobs.js", r"working = new Lane\((\d+)\)") == [2]
    assert "at most 2 photos in work per client" in PLAIN
    assert constant("greeting.js", r"WINDOW_MS = ([\d_]+)")[0] == 1000 * pairing.WINDOW
