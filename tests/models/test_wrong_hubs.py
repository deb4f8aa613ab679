"""What a hub does wrong: it lies, refuses, stumbles, is none at all, or swaps what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from photoveil import models
from photoveil.models import ModelsError, Source, UnreachableError
from tests.models.pulling import CLIP, CONTENT, CONVNEXT, REPO, assert_nothing_looks_whole, pins, pull
from tests.models.server import Fault, Hub


def test_a_hub_that_lies_about_its_content_is_refused(folder: Path, hub: Hub, source: Source) -> None:
    data = bytearray(CONTENT(CLIP))
    data[-1] ^= 1
    hub.faults.append(Fault(wrong=bytes(data)))
    hub.lasting = True
    with pytest.raises(ModelsError, match="SHA-256") as refused:
        pull(folder, source)
    assert refused.value.title == "The hub sent something else"
    assert len(hub.asked("GET", f"/store/{REPO}")) == 2
    assert_nothing_looks_whole(folder)
    assert list((folder / "duo").glob(".*.part")) == []


def _pickle() -> bytes:
    return b"\x80\x04\x95" + bytes(5000)


def _wrong_tensors() -> bytes:
    return CONTENT(CONVNEXT)


def _truncated() -> bytes:
    return CONTENT(CLIP)[:-10]


def _page() -> bytes:
    return b"<!doctype html><title>Sign in</title>" * 50


def _pointer() -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n"


@pytest.mark.parametrize("content", [_pickle, _wrong_tensors, _truncated, _page, _pointer])
def test_only_the_right_tensors_as_safetensors_are_taken(
    folder: Path, hub: Hub, source: Source, content: Callable[[], bytes]
) -> None:
    hub.files[REPO] = content()  # the hub truly has this, and names its right SHA-256
    with pytest.raises(ModelsError, match=r"no safetensors file|other tensors"):
        pull(folder, source)
    assert_nothing_looks_whole(folder)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, ModelsError, "who you are"),
        (403, ModelsError, "who you are"),
        (404, ModelsError, "does not have this file"),
        (418, ModelsError, "not a model hub"),
        (429, UnreachableError, "429"),
        (500, UnreachableError, "500"),
        (503, UnreachableError, "503"),
    ],
)
@pytest.mark.parametrize("of", ["heads", "faults"])
def test_a_hub_that_refuses_is_told_with_a_remedy(
    folder: Path, hub: Hub, source: Source, of: str, status: int, error: type[ModelsError], words: str
) -> None:
    if of == "heads":
        hub.heads.append(status)
    else:
        hub.faults.append(Fault(status=status))
    hub.lasting = True
    with pytest.raises(error, match=words) as told:
        pull(folder, source)
    assert type(told.value) is error
    assert told.value.remedy
    assert_nothing_looks_whole(folder)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_hub_with_hiccups_is_asked_again(folder: Path, hub: Hub, source: Source, status: int) -> None:
    hub.heads.extend([status, status])
    hub.faults.extend([Fault(status=status), Fault(status=status, headers={"Retry-After": "0"})])
    assert pull(folder, source).installed


def test_an_address_without_a_hub_is_told(folder: Path, hub: Hub) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        pull(folder, Source("http://127.0.0.1:9"))
    with pytest.raises(ModelsError, match="does not have this file"):
        pull(folder, Source(f"{hub.endpoint}/elsewhere"))


@pytest.mark.parametrize(
    "told",
    [
        {"X-Linked-Size": None, "Content-Length": None},
        {"X-Linked-Etag": None, "ETag": None},
        {"X-Repo-Commit": "../../etc"},
        {"X-Linked-Size": "-5"},
    ],
    ids=["no size", "no etag", "no commit", "negative"],
)
def test_what_does_not_answer_like_a_hub_is_refused(
    folder: Path, hub: Hub, source: Source, told: dict[str, str | None]
) -> None:
    hub.told = told
    with pytest.raises(ModelsError, match="not a model hub"):
        pull(folder, source)
    assert_nothing_looks_whole(folder)


def test_a_mirror_that_tells_little_is_trusted_once_and_then_held_to_it(
    folder: Path, hub: Hub, source: Source
) -> None:
    hub.told = {"X-Linked-Etag": '"weak"', "X-Repo-Commit": None}
    done = pull(folder, source)
    assert [pin["revision"] for pin in pins(folder).values()] == ["", ""]
    done.encoders[0].weights.unlink()
    hub.move(REPO, CONTENT(CLIP, 1))
    with pytest.raises(ModelsError, match="no longer has the SHA-256"):
        pull(folder, source)


def test_a_mirror_that_answers_itself(folder: Path, hub: Hub, source: Source) -> None:
    hub.direct = True
    hub.faults.append(Fault(cut=5000))
    assert pull(folder, source).installed
    assert hub.asked("GET", "/store/") == []
    assert hub.asked("GET")[1].headers["range"] == "bytes=5000-"


def test_a_size_that_grows_is_not_believed(folder: Path, hub: Hub, source: Source) -> None:
    hub.faults.append(Fault(longer=b"x" * 10_000))
    hub.lasting = True
    with pytest.raises(ModelsError):
        pull(folder, source)
    assert_nothing_looks_whole(folder)


def test_the_recorded_commit_is_asked_for_when_the_hub_has_moved_on(
    folder: Path, hub: Hub, source: Source
) -> None:
    done = pull(folder, source)
    hub.move(REPO, CONTENT(CLIP, 1))
    done.encoders[0].weights.unlink()
    assert pull(folder, source).encoders[0].weights.read_bytes() == CONTENT(CLIP)


@pytest.mark.parametrize("weak", [False, True], ids=["told by its name", "only by its content"])
def test_a_hub_that_swaps_what_was_recorded_is_refused(
    folder: Path, hub: Hub, source: Source, weak: bool
) -> None:
    done = pull(folder, source)
    hub.ignores_revisions = True
    hub.move(REPO, CONTENT(CLIP, 1), forget=True)
    hub.told = {"X-Linked-Etag": '"weak"'} if weak else {}
    done.encoders[0].weights.unlink()
    with pytest.raises(ModelsError, match="no longer has the SHA-256") as refused:
        pull(folder, source)
    assert "models remove duo" in refused.value.remedy
    assert_nothing_looks_whole(folder)
    models.remove("duo", folder)  # the remedy
    assert pull(folder, source).encoders[0].weights.read_bytes() == CONTENT(CLIP, 1)
