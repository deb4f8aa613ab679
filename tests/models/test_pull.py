"""Fetching a set: what arrives, over lines that break and beside others, and what is kept of it."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photoveil import models
from photoveil.models import ModelsError, PullCancelledError, PullProgress, Source, UnreachableError
from photoveil.protection import catalogue
from tests.models import tiny_hub
from tests.models.conftest import HASTY
from tests.models.pulling import CLIP, CONTENT, CONVNEXT, REPO, assert_nothing_looks_whole, pins, pull
from tests.models.server import Fault, Hub


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
