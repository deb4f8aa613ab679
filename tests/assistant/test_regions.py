"""Finding what is private, and boxes from users."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut, coffee

from photoveil.assistant.codes import readable
from photoveil.assistant.regions import YUNET, Region, RegionError, find, parse_box


def test_the_face_of_a_real_photo_is_found_with_its_hair_and_nothing_else() -> None:
    (face,) = find(astronaut())

    left, top, right, bottom = face.box
    assert face.kind == "face"
    # Eyes, mouth and the hair above the forehead.
    for x, y in ((0.40, 0.21), (0.48, 0.21), (0.44, 0.30), (0.44, 0.09)):
        assert left < x < right
        assert top < y < bottom
    assert (right - left) * (bottom - top) < 0.15


def test_a_photo_without_anybody_has_no_face() -> None:
    assert find(coffee()) == []
    assert find(np.full((20, 3), 9, np.uint8)) == []


def test_a_qr_code_is_found() -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/ticket/17")
    code = cv2.resize(code, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    pixels = np.full((480, 640, 3), 255, np.uint8)
    side = code.shape[0]
    pixels[120 : 120 + side, 300 : 300 + side] = code[..., None]

    (found,) = [region for region in find(pixels) if region.kind == "code"]

    left, top, right, bottom = found.pixels(640, 480)
    assert left == pytest.approx(300, abs=25)
    assert top == pytest.approx(120, abs=25)
    assert right == pytest.approx(300 + side, abs=25)
    assert bottom == pytest.approx(120 + side, abs=25)


def test_a_small_code_that_fills_the_photo_is_found() -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/ticket/17")
    pixels = np.full((180, 240, 3), 225, np.uint8)
    pixels[40:140, 70:170] = cv2.resize(code, (100, 100), interpolation=cv2.INTER_NEAREST)[..., None]

    (found,) = find(pixels)

    assert found.kind == "code"
    assert readable(pixels)
    left, top, right, bottom = found.pixels(240, 180)
    assert max(abs(left - 70), abs(top - 40), abs(right - 170), abs(bottom - 140)) < 12


def test_weights_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / YUNET).write_bytes(b"this is no network")

    with pytest.raises(RegionError, match="cannot be read") as caught:
        find(astronaut()[:64, :64], tmp_path)
    assert YUNET in caught.value.reason


BOXES = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda b: Region("chosen", (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))
)


@given(BOXES, st.floats(0, 1), st.integers(2, 5000), st.integers(2, 5000))
def test_a_region_has_pixels_and_stays_on_the_photo(
    region: Region, margin: float, width: int, height: int
) -> None:
    left, top, right, bottom = region.grown(margin).pixels(width, height)

    assert 0 <= left <= right - 2
    assert right <= width
    assert 0 <= top <= bottom - 2
    assert bottom <= height


@pytest.mark.parametrize(
    ("text", "kind", "box"),
    [("10,20,30,40", "chosen", (0.1, 0.2, 0.3, 0.4)), ("face:0,0,100,55.5", "face", (0, 0, 1, 0.555))],
)
def test_boxes_as_users_write_them(text: str, kind: str, box: tuple[float, ...]) -> None:
    found = parse_box(text)

    assert found.kind == kind
    assert found.box == pytest.approx(box)


@pytest.mark.parametrize(
    "text",
    ["", "10,20,30", "30,20,10,40", "10,20,30,140", "nose:10,20,30,40", "1.2.3,2,3,4", "-1,0,5,5", "a" * 500],
)
def test_what_is_no_box_is_told(text: str) -> None:
    with pytest.raises(RegionError, match="no box"):
        parse_box(text)
