"""Files through a network that breaks: whole and as promised, or not there."""

from __future__ import annotations

import hashlib
import random
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.install.errors import SetupError
from photoveil.install.fetching import Artefact, Fetcher
from tests.installers.index import Index


@settings(max_examples=12, deadline=None)
@given(size=st.integers(0, 5000), cuts=st.lists(st.integers(1, 3000), max_size=6), stop=st.integers(0, 3))
def test_whatever_breaks_off_the_file_comes_whole(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int], stop: int
) -> None:
    folder = tmp_path_factory.mktemp("fetch")
    content = random.Random(size).randbytes(size)
    served = folder / "served"
    served.mkdir()
    (served / "big-1.0-py3-none-any.whl").write_bytes(content)
    with Index(served) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        breaks = iter(cuts)
        server.cut = lambda: next(breaks, 1 << 30)
        sha256 = hashlib.sha256(content).hexdigest()
        artefact = Artefact("big", "1.0", f"{server.address}/simple/files/big-1.0-py3-none-any.whl", sha256)
        # What an earlier run left, also one that left rubbish.
        left = content[: size // 2] if stop < 3 else b"x" * (size + 1)
        if stop:
            (folder / "big-1.0-py3-none-any.whl.part").write_bytes(left)
        told: list[int] = []
        try:
            made = Fetcher(folder, pause=0.001).fetch(artefact, told.append)
        finally:
            server.shutdown()
            thread.join()
    assert made.read_bytes() == content
    assert not list(folder.glob("*.part"))
    assert told == [] if size == 0 else max(told, default=size) <= size


def test_it_goes_on_where_it_was_cut_and_fetches_no_byte_twice(index: Index, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(900_000)
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(content)
    index.cut = lambda: 300_000
    artefact = Artefact(
        "big",
        "1.0",
        f"{index.address}/simple/files/big-1.0-py3-none-any.whl",
        hashlib.sha256(content).hexdigest(),
    )
    Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert index.ranges == ["bytes=300000-", "bytes=600000-"]


def test_another_file_than_promised_never_gets_its_name(index: Index, tmp_path: Path) -> None:
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(b"something else")
    artefact = Artefact("big", "1.0", f"{index.address}/simple/files/big-1.0-py3-none-any.whl", "0" * 64)
    with pytest.raises(SetupError, match="another SHA-256"):
        Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert not list(tmp_path.glob("*.whl*"))


@pytest.mark.parametrize("name", ["nothing-1.0-py3-none-any.whl", "..%2Fescaped.whl", "evil.tar.gz"])
def test_what_is_not_there_or_no_wheel_is_told(index: Index, tmp_path: Path, name: str) -> None:
    artefact = Artefact("evil", "1.0", f"{index.address}/simple/files/{name}", "0" * 64)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SetupError, match=r"404|no wheel"):
        Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_nobody_can_check_is_not_taken(index: Index, tmp_path: Path) -> None:
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(b"who knows")
    artefact = Artefact("big", "1.0", f"{index.address}/simple/files/big-1.0-py3-none-any.whl", "")
    with pytest.raises(SetupError, match="tells no SHA-256"):
        Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None)
    assert not list(tmp_path.glob("*.whl*"))


def test_a_wheel_that_was_altered_since_it_was_fetched_is_fetched_anew(index: Index, tmp_path: Path) -> None:
    """A folder that was filled for another machine lies about on a stick."""
    (index.folder / "big-1.0-py3-none-any.whl").write_bytes(b"as promised")
    sha256 = hashlib.sha256(b"as promised").hexdigest()
    artefact = Artefact("big", "1.0", f"{index.address}/simple/files/big-1.0-py3-none-any.whl", sha256)
    (tmp_path / artefact.file).write_bytes(b"something else")
    assert Fetcher(tmp_path, pause=0.001).fetch(artefact, lambda _: None).read_bytes() == b"as promised"
