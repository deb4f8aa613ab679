"""The real daemon, fuzzed from its own description: no server error, and every answer as described.

Bodies come from schemathesis, good and bad ones; requests are signed on their way, and ids are now and then real ones.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from photoveil.api.client import DaemonClient
from photoveil.api.guard import RateLimit
from photoveil.api.openapi import document
from photoveil.api.verbs import BYTES, VERBS, Access, Verb
from tests.api.house import PATIENCE, House, meta, running, signed
from tests.api.test_photos import done

ALLOWED = (503, 507)
"""Server errors that say what the user can do: a part does not work now, or there is no room."""
EXAMPLES = 20
UNENDING = ("events", "stop")
load_all_checks()
CHOSEN: list[Any] = [
    CHECKS.get_one(name)
    for name in (
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
]


def _unsigned(found: dict[str, Any]) -> dict[str, Any]:
    """The document as if nothing had to be signed: the signing is done on the way, not fuzzed."""
    for path in found["paths"].values():
        path["post"].pop("security", None)
    return found


SCHEMA = schemathesis.openapi.from_dict(_unsigned(document()))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class World:
    """A daemon with something of everything in it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.browser = house.browser()
        self.clients = {
            Access.CLIENT: self.browser,
            Access.OWNER: house.dashboard(),
            Access.LOCAL: house.local(),
        }
        photo, watched = folder / "photo.jpg", folder / "watched"
        photo.write_bytes(b"an original")
        watched.mkdir()
        owner = self.clients[Access.OWNER]
        vault = house.daemon.services.vault
        digest = hashlib.sha256(b"an original").hexdigest()
        kept = vault.keep(photo, digest, name="photo.jpg", path=photo, job=None)
        self.known = {
            "job": done(self.browser, b"known", "known.jpg")["job"],
            "item": asyncio.run_coroutine_threadsafe(kept, house.loop).result(PATIENCE),
            "folder": owner.call("folders/add", path=str(watched))["folder"],
            "host": "example.org",
            "name": "anna",
            "sha256": hashlib.sha256(b"known").hexdigest(),
            "client": house.browser().client,
            "changes": {"strength": "subtle"},
            "wait_ms": 1,
        }
        owner.call("sites/change", host="example.org", protect=True)
        owner.call("personas/change", name="anna", colour="green")

    def real(self, body: Any, chosen: set[str]) -> Any:
        """The body with real ids in the chosen fields, and with all paths inside the test's folder."""
        if not isinstance(body, dict):
            return body
        body = {
            name: self.known.get(name, value) if name in chosen else value for name, value in body.items()
        }
        for name in ("path", "to", "mirror", "prefix"):
            if isinstance(body.get(name), str) and body[name][:1] in ("/", "~"):
                body[name] = f"{self.folder}/{body[name].strip('/~.')[:100]}"
        if isinstance(body.get("wait_ms"), int):
            body["wait_ms"] = min(body["wait_ms"], 1)
        return body


class Signature(requests.auth.AuthBase):
    """Signs a request on its way, as its client."""

    def __init__(self, client: DaemonClient | None, verb: Verb) -> None:
        self._client = client
        self._verb = verb

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        data = request.body or b""
        body = data.encode() if isinstance(data, str) else data
        assert isinstance(body, bytes)
        if self._client is None:
            request.headers["X-Photoveil"] = "1"
        else:
            request.headers.update(signed(self._client, self._verb.name, body))
        return request


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RateLimit, "take", lambda _self, _name: True)
        with running(tmp_path_factory.mktemp("house")) as house:
            yield World(house, tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    "verb",
    [verb for verb in VERBS.values() if verb.name not in UNENDING and verb.content_type != BYTES],
    ids=lambda verb: verb.name,
)
def test_no_body_breaks_a_verb(world: World, verb: Verb, mode: GenerationMode) -> None:
    operation = SCHEMA[f"/v1/{verb.name}"]["POST"]
    client = world.clients.get(verb.access)
    base = f"http://127.0.0.1:{world.house.port}"
    names = sorted({*world.known} & {*verb.body["properties"]})

    @FUZZ
    @given(operation.as_strategy(mode), st.sets(st.sampled_from(names)) if names else st.just(set()))
    def fuzz(case: schemathesis.Case[Any], chosen: set[str]) -> None:
        if mode is GenerationMode.POSITIVE:
            case.body = world.real(case.body, chosen)
        elif "to" in verb.body["properties"] or "path" in verb.body["properties"]:
            case.body = world.real(case.body, set())
        response = case.call(base_url=base, auth=Signature(client, verb), timeout=PATIENCE)
        assert response.status_code < 500 or response.status_code in ALLOWED
        case.validate_response(response, checks=CHOSEN)

    fuzz()
    assert world.house.local().call("status")["api"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
WISHES = ("name", "type", "persona", "strength", "method", "site")


def test_no_wish_breaks_protect(world: World) -> None:
    client = world.browser

    @settings(FUZZ, max_examples=60)
    @given(
        st.fixed_dictionaries({}, optional={name: JSON | st.text(max_size=40) for name in WISHES}),
        st.binary(),
    )
    def fuzz(wishes: dict[str, Any], photo: bytes) -> None:
        header = meta(**wishes)
        photo = b"refuse " + photo  # so that the worker has little to do
        status, _, body = world.house.raw(
            "POST", "/v1/protect", signed(client, "protect", photo, meta=header), photo
        )
        assert status < 500
        if status in (200, 202):
            list(client.follow(json.loads(body)["job"], PATIENCE))

    fuzz()


@pytest.mark.parametrize("verb", ["status", "protect", "session", "dashboard/open", "history"])
def test_no_bytes_break_a_verb(world: World, verb: str) -> None:
    client = world.clients[Access.OWNER]

    @settings(FUZZ, max_examples=60)
    @given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
    def fuzz(body: bytes) -> None:
        headers = signed(client, verb, body, meta=meta() if verb == "protect" else "")
        assert world.house.raw("POST", f"/v1/{verb}", headers, body)[0] < 500

    fuzz()
