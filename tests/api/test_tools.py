"""Seals and their keys through the API: the real sealing and unsealing in the worker's child, around a fake studio."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photoveil.api import proofs, tool_table
from photoveil.api.client import DaemonClient, DaemonError, expect
from photoveil.api.schema import check
from photoveil.api.verbs import BYTES
from photoveil.keys import KeyStore
from photoveil.seal import KeyRing, Position, Size, State, Tone
from tests.api.house import House, running

SEALED = tool_table.SEALED
UNSEALED = tool_table.UNSEALED


def picture(width: int = 960, height: int = 720, seed: int = 1) -> Image.Image:
    """Something with surfaces and a grain."""
    random = np.random.default_rng(seed)
    rough = Image.fromarray(random.integers(40, 216, (6, 8, 3), np.uint8))
    surface = np.asarray(rough.resize((width, height), Image.Resampling.BICUBIC))
    grain = random.normal(0, 6, (height, width, 1))
    return Image.fromarray(np.clip(surface + grain, 0, 255).astype(np.uint8))


def file(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=92, compress_level=1)
    return out.getvalue()


def use(client: DaemonClient, tool: str, photo: bytes, **wishes: Any) -> tuple[dict[str, Any], bytes]:
    meta = proofs.b64(json.dumps({"name": "beach.png", **wishes}).encode())
    body = expect(client.signed(f"tools/{tool}", photo, content_type=BYTES, meta=meta)).body
    (length,) = struct.unpack(">I", body[:4])
    facts = json.loads(body[4 : 4 + length])
    check(SEALED if tool == "seal" else UNSEALED, facts)
    return facts, body[4 + length :]


def pixels(data: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(data)) as found:
        return np.asarray(found.convert("RGB"))


def code_of(refused: pytest.ExceptionInfo[DaemonError]) -> str:
    return refused.value.as_dict()["code"]


@pytest.fixture(scope="module")
def owner(house: House) -> DaemonClient:
    """A dashboard of a house in which there is a key for others."""
    client = house.dashboard()
    client.call("seal/keys/create", name="Family")
    return client


def names(client: DaemonClient) -> list[str]:
    return [one["name"] for one in client.call("seal/keys")["keys"]]


def test_the_words_of_the_protocol_are_those_of_the_seal() -> None:
    """The daemon's tables name them without loading what they are made of."""
    assert set(tool_table.POSITIONS) == {*Position}
    assert set(tool_table.SIZES) == {*Size}
    assert set(tool_table.TONES) == {*Tone}
    assert set(tool_table.STATES) == {*State}


def test_a_mark_goes_on_and_comes_off_exactly(house: House, owner: DaemonClient) -> None:
    photo = file(picture())
    facts, sealed = use(owner, "seal", photo, text="© Anna")
    assert (facts["name"], facts["type"], facts["width"], facts["height"]) == (
        "beach.png",
        "image/png",
        960,
        720,
    )
    assert facts["keys"] == ["me"]
    assert not owner.call("history")["jobs"]
    assert not list(house.paths.spool.iterdir())
    ((left, top, width, height),) = facts["boxes"]
    changed = np.any(pixels(sealed) != pixels(photo), axis=-1)
    assert changed[top : top + height, left : left + width].mean() > 0.9
    changed[top : top + height, left : left + width] = False
    assert not changed.any()
    told, clean = use(owner, "unseal", sealed)
    assert (told["state"], told["key"], told["quality_db"]) == ("exact", "me", None)
    assert np.array_equal(pixels(clean), pixels(photo))


def test_a_browser_takes_marks_off_and_puts_none_on(house: House, owner: DaemonClient) -> None:
    _, sealed = use(owner, "seal", file(picture(seed=2), "JPEG"), text="© Anna")
    browser = house.browser()
    facts, clean = use(browser, "unseal", sealed, thorough=False)
    assert facts["key"] == "me"
    assert pixels(clean).shape == (720, 960, 3)
    for verb, body in (("seal/keys", {}), ("seal/keys/share", {"name": "me"})):
        with pytest.raises(DaemonError) as refused:
            browser.call(verb, **body)
        assert code_of(refused) == "local_only"
    for tool in ("seal", "exposure"):
        with pytest.raises(DaemonError) as refused:
            use(browser, tool, sealed, text="x")
        assert code_of(refused) == "local_only"


def test_only_chosen_keys_open_a_photo(tmp_path_factory: pytest.TempPathFactory, owner: DaemonClient) -> None:
    """Another person's Photoveil, with the one key that was shared with it, and without."""
    _, for_both = use(owner, "seal", file(picture(seed=3)), text="© A", recipients=["Family"])
    _, for_me = use(owner, "seal", file(picture(seed=4)), text="© A")
    shared = owner.call("seal/keys/share", name="Family")
    with running(tmp_path_factory.mktemp("theirs")) as other:
        theirs = other.dashboard()
        assert names(theirs) == []
        with pytest.raises(DaemonError) as refused:
            use(theirs, "unseal", for_both)
        assert code_of(refused) == "seal_key"
        told = theirs.call("seal/keys/import", text=shared["code"], name="Anna’s family")["keys"]
        assert [(one["name"], one["shared"], one["mine"]) for one in told] == [("Anna’s family", True, False)]
        assert theirs.call("seal/keys/import", text=shared["file"], name="again")["keys"] == told
        assert use(theirs, "unseal", for_both)[0]["key"] == "Anna’s family"
        with pytest.raises(DaemonError) as refused:
            use(theirs, "unseal", for_me)
        assert code_of(refused) == "seal_key"


def test_keys_are_those_of_the_command_line(house: House, owner: DaemonClient) -> None:
    paths = house.paths

    async def made() -> list[str]:
        store = KeyStore(service=f"photoveil/{paths.profile}", file=paths.secrets_file)
        try:
            await KeyRing(store, paths.state / "seal-keys.json").create("From a terminal")
        finally:
            await store.close()
        return names(owner)

    assert "From a terminal" in asyncio.run(made())


def test_a_revoked_key_opens_older_photos_only(owner: DaemonClient) -> None:
    owner.call("seal/keys/create", name="Old friend")
    use(owner, "seal", file(picture(seed=5)), text="x", recipients=["Old friend"])
    told = owner.call("seal/keys/revoke", name="Old friend")["keys"]
    assert [one["revoked"] for one in told if one["name"] == "Old friend"] == [True]
    with pytest.raises(DaemonError) as refused:
        use(owner, "seal", file(picture(seed=5)), text="x", recipients=["Old friend"])
    assert code_of(refused) == "seal_revoked"


@pytest.mark.parametrize(
    ("tool", "size", "wishes", "code"),
    [
        ("seal", None, {"text": "x"}, "not-a-photo"),
        ("seal", (960, 720), {"text": " "}, "seal_mark"),
        ("seal", (40, 40), {"text": "x"}, "seal_too_small"),
        ("seal", (960, 720), {"text": "x", "recipients": ["nobody"]}, "seal_key_name"),
        ("seal", (960, 720), {"text": "x", "position": "nowhere"}, "bad_request"),
        ("unseal", (960, 720), {"thorough": False}, "seal_none"),
    ],
)
def test_what_cannot_be_done_is_told(
    house: House,
    owner: DaemonClient,
    tool: str,
    size: tuple[int, int] | None,
    wishes: dict[str, Any],
    code: str,
) -> None:
    photo = file(picture(*size)) if size else b"no photo"
    with pytest.raises(DaemonError) as refused:
        use(owner, tool, photo, **wishes)
    told = refused.value.as_dict()
    assert told["code"] == code
    assert all(told[part] for part in ("title", "reason", "remedy"))
    assert not list(house.paths.spool.iterdir())


NAMED = ("name", "text", "position", "tiling", "size", "tone", "recipients", "thorough")
JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=80)
    | st.lists(st.text(max_size=8), max_size=6)
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(("seal", "unseal")),
    st.fixed_dictionaries({}, optional=dict.fromkeys(NAMED, JSON)),
    st.binary(max_size=64),
)
def test_no_wish_breaks_a_tool(owner: DaemonClient, tool: str, wishes: dict[str, Any], photo: bytes) -> None:
    meta = proofs.b64(
        json.dumps({"name": "a", **({"text": "x"} if tool == "seal" else {}), **wishes}).encode()
    )
    answer = owner.signed(f"tools/{tool}", photo, content_type=BYTES, meta=meta)
    assert 400 <= answer.status < 500
