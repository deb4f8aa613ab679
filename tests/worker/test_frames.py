from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.worker import frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.dictionaries(st.text(), JSON, max_size=4)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=200)), max_size=4))
def test_frames_come_back_as_they_were_sent(sent: list[tuple[frames.Header, bytes]]) -> None:
    stream = io.BytesIO()
    for header, payload in sent:
        frames.write_frame(stream, header, payload)
    stream.seek(0)
    assert [frames.read_frame(stream) for _ in sent] == sent
    assert frames.read_frame(stream) is None


@given(HEADERS, st.binary(min_size=1, max_size=50), st.data())
def test_a_frame_cut_off_anywhere_is_an_error(
    header: frames.Header, payload: bytes, data: st.DataObject
) -> None:
    stream = io.BytesIO()
    frames.write_frame(stream, header, payload)
    whole = stream.getvalue()
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(frames.FrameError):
        frames.read_frame(io.BytesIO(whole[:cut]))


@given(st.binary(max_size=64))
def test_other_bytes_are_an_error_or_nothing(garbage: bytes) -> None:
    if garbage.startswith(frames.MAGIC):
        return
    try:
        assert frames.read_frame(io.BytesIO(garbage)) is None
    except frames.FrameError:
        assert garbage


def test_a_huge_length_is_refused_before_it_is_read() -> None:
    prefix = frames.PREFIX.pack(frames.MAGIC, 10, frames.MAX_PAYLOAD + 1)
    with pytest.raises(frames.FrameError):
        frames.measure(prefix)
    with pytest.raises(frames.FrameError):
        frames.pack({}, frames.MAX_PAYLOAD + 1)


@pytest.mark.parametrize("text", [b"[]", b"1", b"{", b"\xff"])
def test_a_header_is_an_object(text: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.unpack_header(text)
