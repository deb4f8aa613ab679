"""Fetching a set from a hub that behaves well, badly, or like an enemy."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photoveil import models
from photoveil.models import ModelsError, PullCancelledError, PullProgress, Source, UnreachableError
from photoveil.protection import catalogue
from photoveil.protection.model_sets import ModelSet
from tests.models import tiny_hub
from tests.models.conftest import HASTY
from tests.models.server import Fault, Hub

CLIP, CONVNEXT = "tiny-clip-quickgelu", "tiny-convnext"
REPO = tiny_hub.repository(CLIP)
CONTENT = tiny_hub.checkpoint


def pull(folder: Path, source: Source) -> ModelSet:
    return models.pull("duo", folder, source=source, patience=HASTY)


def pins(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((folder / "duo" / "pins.json").read_text())["files"]
    return found


def assert_nothing_looks_whole(folder: Path) -> None:
    """What is not there whole is there under no final name."""
    assert not models.installed("duo", folder)
    for file in (folder / "duo").glob("*.safetensors"):
        assert file.read_bytes() == CONTENT(file.stem)


def test_a_set_is_fetched_and_recorded(folder: Path, hub: Hub, source: Source) -> None:
    before = models.plan("duo", folder)
    assert before.bytes_missing == before.bytes_total == len(CONTENT(CLIP)) + len(CONTENT(CONVNEXT))
    assert not models.installed("duo", folder)
    done = pull(folder, source)
    assert done.installed
    assert models.installed("duo", folder)
    for encoder in done.encoders:
        assert encoder.weights.read_bytes() == CONTENT(encoder.name)
        pin = pins(folder)[encoder.weights.name]
        assert pin["sha256"] == encoder.sha256 == hashlib.sha256(CONTENT(encoder.name)).hexdigest()
        assert pin["revision"] == hub.commit(tiny_hub.repository(encoder.name))
        assert pin["origin"] == hub.endpoint
    assert models.plan("duo", folder).bytes_missing == 0
    assert sorted(f.name for f in (folder / "duo").iterdir()) == [
        "pins.json",
        f"{CLIP}.safetensors",
        f"{CONVNEXT}.safetensors",
    ]


def test_what_is_there_is_not_fetched_again(folder: Path, hub: Hub, source: Source) -> None:
    pull(folder, source)
    hub.seen.clear()
    assert pull(folder, source).installed
    assert hub.seen == []


def test_bytes_are_asked_for_by_commit_and_nothing_else_is_told(
    folder: Path, hub: Hub, source: Source
) -> None:
    pull(folder, Source(hub.endpoint, token="secret"))
    assert {seen.method for seen in hub.seen} == {"HEAD", "GET"}
    assert all("/resolve/" in seen.path or "/store/" in seen.path for seen in hub.seen)
    for seen in hub.seen:
        agent = seen.headers["user-agent"]
        assert agent.startswith("photoveil/")
        assert "torch" not in agent
        assert "agent/" not in agent
    resolved, stored = hub.asked("GET", "/resolve/"), hub.asked("GET", "/store/")
    assert all(
        hub.commit(repo) in seen.path
        for repo, seen in zip((REPO, tiny_hub.repository(CONVNEXT)), resolved, strict=True)
    )
    assert all(seen.headers.get("authorization") == "Bearer secret" for seen in resolved)
    assert all("authorization" not in seen.headers for seen in stored)  # another host: none of its business


def test_no_token_of_this_computer_is_sent(folder: Path, hub: Hub, source: Source) -> None:
    pull(folder, source)
    assert not any("authorization" in seen.headers for seen in hub.seen)


def test_progress_counts_every_byte(folder: Path, source: Source) -> None:
    told: list[PullProgress] = []
    models.pull("duo", folder, source=source, progress=told.append, patience=HASTY)
    total = len(CONTENT(CLIP)) + len(CONTENT(CONVNEXT))
    assert told[-1] == PullProgress("duo", f"{CONVNEXT}.safetensors", 2, 2, total, total)
    assert all(0 <= one.bytes_done <= one.bytes_total == total for one in told)
    assert [one.files_done for one in told] == sorted(one.files_done for one in told)


@pytest.mark.parametrize("cut", [0, 1, 5000, 60_000])
def test_a_cut_connection_is_taken_up_again(folder: Path, hub: Hub, source: Source, cut: int) -> None:
    hub.faults.append(Fault(cut=cut))
    assert pull(folder, source).installed
    again = hub.asked("GET", f"/store/{REPO}")[1]
    assert again.headers.get("range") == (f"bytes={cut}-" if cut else None)


def test_cut_again_and_again_is_no_reason_to_give_up_while_bytes_come(
    folder: Path, hub: Hub, source: Source
) -> None:
    hub.faults.extend([Fault(cut=5000)] * 12)
    assert pull(folder, source).installed


def test_cut_at_the_same_place_by_a_hub_without_ranges_is_given_up(
    folder: Path, hub: Hub, source: Source
) -> None:
    hub.faults.append(Fault(cut=5000, deaf=True))
    hub.lasting = True
    with pytest.raises(UnreachableError):
        pull(folder, source)
    assert 3 <= len(hub.asked("GET", "/store/")) <= 5
    assert_nothing_looks_whole(folder)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    faults=st.lists(
        st.builds(
            Fault,
            cut=st.none() | st.integers(0, 90_000),
            short=st.none() | st.integers(0, 90_000),
            deaf=st.booleans(),
            shifted=st.sampled_from([0, 0, 0, 7]),
            longer=st.sampled_from([b"", b"more"]),
            status=st.sampled_from([200, 200, 200, 429, 500, 503]),
        ),
        max_size=6,
    )
)
def test_whatever_happens_a_file_is_right_or_not_there(
    folder: Path, hub: Hub, source: Source, faults: list[Fault]
) -> None:
    models.remove("duo", folder)
    hub.faults.clear()
    hub.faults.extend(faults)
    try:
        assert pull(folder, source).installed
    except ModelsError:
        assert_nothing_looks_whole(folder)
    else:
        assert models.verify("duo", folder) == []
    hub.faults.clear()
    assert pull(folder, source).installed
    assert {e.name: e.weights.read_bytes() for e in catalogue.model_set("duo", folder).encoders} == {
        name: CONTENT(name) for name in tiny_hub.DUO
    }


def test_a_truncated_file_is_noticed_and_gone_on_with(folder: Path, hub: Hub, source: Source) -> None:
    hub.faults.append(Fault(short=3000))
    assert pull(folder, source).installed
    assert hub.asked("GET", f"/store/{REPO}")[1].headers["range"] == "bytes=3000-"


def test_damage_on_the_way_is_repaired_by_a_second_try(folder: Path, hub: Hub, source: Source) -> None:
    data = bytearray(CONTENT(CLIP))
    data[-1] ^= 1
    hub.faults.append(Fault(wrong=bytes(data)))
    assert pull(folder, source).installed
    assert len(hub.asked("GET", f"/store/{REPO}")) == 2


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


def test_a_file_that_changes_during_the_download_stays_that_of_one_commit(
    folder: Path, hub: Hub, source: Source
) -> None:
    hub.faults.append(Fault(hold=8192))
    thread = threading.Thread(target=models.pull, args=("duo", folder), kwargs={"source": source})
    thread.start()
    assert hub.held.wait(60)
    hub.move(REPO, CONTENT(CLIP, 1))
    hub.go_on()
    thread.join(100)
    assert (folder / "duo" / f"{CLIP}.safetensors").read_bytes() == CONTENT(CLIP)


def test_a_corrupt_file_is_refused_at_load_and_fetched_anew(folder: Path, hub: Hub, source: Source) -> None:
    file = pull(folder, source).encoders[0].weights
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    assert [(found.file, found.problem) for found in models.verify("duo", folder)] == [(file.name, "changed")]
    hub.seen.clear()
    pull(folder, source)
    assert models.verify("duo", folder) == []
    assert len(hub.asked("GET", "/store/")) == 1  # the other file was not fetched again


def test_a_damaged_record_is_made_anew_without_fetching(folder: Path, hub: Hub, source: Source) -> None:
    pull(folder, source)
    recorded = pins(folder)
    (folder / "duo" / "pins.json").write_text("{ damaged")
    assert not models.installed("duo", folder)
    assert {found.problem for found in models.verify("duo", folder)} == {"unrecorded"}
    hub.seen.clear()
    pull(folder, source)
    assert hub.asked("GET") == []
    assert {n: p["sha256"] for n, p in pins(folder).items()} == {n: p["sha256"] for n, p in recorded.items()}


def test_offline_contacts_nobody(folder: Path, hub: Hub, source: Source) -> None:
    with pytest.raises(ModelsError, match="offline"):
        pull(folder, Source(hub.endpoint, offline=True))
    assert hub.seen == []
    pull(folder, source)
    hub.seen.clear()
    assert pull(folder, Source(hub.endpoint, offline=True)).installed
    assert hub.seen == []


def test_offline_by_the_library_s_own_switch_is_told(
    folder: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelsError, match="switched off"):
        pull(folder, source)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://hub",
        "http://example.org",
        "https://",
        "https://u:p@hub",
        "https://hub?x=1",
        "hub",
        "https://h:99999",
    ],
)
def test_addresses_that_are_none_are_refused(folder: Path, endpoint: str) -> None:
    with pytest.raises(ModelsError, match="cannot be a mirror"):
        pull(folder, Source(endpoint))


def test_stopping_keeps_what_has_arrived(folder: Path, hub: Hub, source: Source) -> None:
    hub.faults.append(Fault(pause=0.25))
    stop = threading.Event()

    def progress(told: PullProgress) -> None:
        if told.bytes_done > 8000:
            stop.set()

    with pytest.raises(PullCancelledError):
        models.pull("duo", folder, source=source, progress=progress, cancelled=stop.is_set, patience=HASTY)
    parts = list((folder / "duo").glob(".*.part"))
    assert len(parts) == 1
    arrived = parts[0].stat().st_size
    assert 0 < arrived < len(CONTENT(CLIP))
    assert models.plan("duo", folder).bytes_missing == models.plan("duo", folder).bytes_total - arrived
    assert {found.problem for found in models.verify("duo", folder)} == {"unfinished", "missing"}
    assert pull(folder, source).installed
    assert hub.asked("GET", f"/store/{REPO}")[1].headers["range"] == f"bytes={arrived}-"


def test_stopping_works_while_waiting_for_a_hub_to_recover(folder: Path, hub: Hub, source: Source) -> None:
    hub.heads.append(503)
    hub.lasting = True
    patience = models.Patience(tries=100, wait=60, longest=60)
    asked = threading.Event()

    def cancelled() -> bool:
        if len(hub.asked("HEAD")) >= 1:
            asked.set()
        return asked.is_set()

    with pytest.raises(PullCancelledError):
        models.pull("duo", folder, source=source, cancelled=cancelled, patience=patience)


def test_a_silent_hub_is_given_up(folder: Path, hub: Hub, source: Source) -> None:
    hub.faults.append(Fault(hold=0))
    hub.lasting = True
    patience = models.Patience(tries=2, wait=0.01, timeout=0.3)
    with pytest.raises(UnreachableError, match="in time"):
        models.pull("duo", folder, source=source, patience=patience)
    assert_nothing_looks_whole(folder)
    hub.go_on()


def test_a_part_of_something_else_is_not_gone_on_with(folder: Path, hub: Hub, source: Source) -> None:
    stop = threading.Event()
    hub.faults.append(Fault(cut=40_000))
    with pytest.raises(PullCancelledError):
        models.pull(
            "duo",
            folder,
            source=source,
            progress=lambda _told: stop.set(),
            cancelled=stop.is_set,
            patience=HASTY,
        )
    hub.move(REPO, CONTENT(CLIP, 1), forget=True)
    assert pull(folder, source).encoders[0].weights.read_bytes() == CONTENT(CLIP, 1)
    assert list((folder / "duo").glob(".*.part")) == []


def test_two_at_once_do_not_meet(folder: Path, hub: Hub, source: Source) -> None:
    hub.faults.append(Fault(hold=8192))
    first = threading.Thread(target=models.pull, args=("duo", folder), kwargs={"source": source})
    first.start()
    assert hub.held.wait(60)
    for change in (lambda: pull(folder, source), lambda: models.remove("duo", folder)):
        with pytest.raises(ModelsError, match="being changed"):
            change()
    hub.go_on()
    first.join(100)
    assert models.installed("duo", folder)
    assert len(hub.asked("GET", "/store/")) == 2


def test_a_set_that_is_none_leaves_nothing_behind(folder: Path, source: Source) -> None:
    for name, words in (
        ("nonsense", "no model set"),
        ("starter", "part of Photoveil"),
        ("../duo", "no model set"),
    ):
        with pytest.raises(ModelsError, match=words):
            models.pull(name, folder, source=source)
        with pytest.raises(ModelsError, match=words):
            models.remove(name, folder)
    assert sorted(one.name for one in folder.iterdir()) == ["sets"]
