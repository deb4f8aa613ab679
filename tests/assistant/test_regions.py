"""Finding what is private, and boxes from users."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut, coffee

from photoveil.assistant import regions
from photoveil.assistant.codes import readable
from photoveil.assistant.regions import Region, RegionError, find, parse_box
from photoveil.models import faces
from tests.assistant.tiny_yunet import network


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A path that OpenCV itself could not open everywhere."""
    place = tmp_path / "Модели"
    place.mkdir()
    return place


@pytest.fixture(params=[(640, 640), ("height", "width")], ids=["of one size", "of any size"])
def yunet(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network in YuNet's form."""
    return with_yunet(folder, network(*request.param), monkeypatch)


def with_yunet(folder: Path, data: bytes, patch: pytest.MonkeyPatch) -> Path:
    """The folder with this network, as if OpenCV had published it."""
    patch.setattr(faces, "SHA256", hashlib.sha256(data).hexdigest())
    (folder / faces.NAME).write_bytes(data)
    return folder


def test_faces_of_yunet_become_heads_where_they_are(yunet: Path) -> None:
    pixels = np.full((240, 320, 3), 90, np.uint8)
    pixels[96:128, 64:96] = pixels[96:128, 224:256] = (255, 0, 0)

    found = sorted(find(pixels, yunet), key=lambda region: region.box)

    assert [region.kind for region in found] == ["face"] * 2
    assert [region.score for region in found] == pytest.approx([1, 1], abs=0.01)
    # A face of 64 × 80 around the middle of the cell, and the hair, chin and ears that belong to it.
    for region, x in zip(found, (80, 240), strict=True):
        box = (x - 32 * 1.3, 112 - 40 * 1.7, x + 32 * 1.3, 112 + 40 * 1.3)
        assert np.multiply(region.box, (320, 240, 320, 240)) == pytest.approx(box, abs=0.5)


def test_yunet_sees_a_large_photo_small_and_still_smaller(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_yunet(folder, network("height", "width", aside=4), monkeypatch)
    pixels = np.full((960, 1280, 3), 90, np.uint8)
    pixels[256:384, 128:256] = (255, 0, 0)  # shown at 640 four cells, at 320 one

    heads = [region.box for region in find(pixels, folder)]

    wide = {round((right - left) * 1280 / 1.3): (left + right) / 2 * 1280 for left, _, right, _ in heads}
    assert sorted(wide) == [2 * 64, 2 * 128]
    assert wide[2 * 128] == pytest.approx((1 + 4.5) * 128, abs=1)


def test_yunet_finds_nobody_where_nobody_is(yunet: Path) -> None:
    assert find(np.full((48, 1000, 3), 90, np.uint8), yunet) == []
    assert find(np.full((300, 200), 90, np.uint8), yunet) == []


@pytest.mark.parametrize(
    "data", [b"this is no network", network(640, 640)], ids=["no network", "another network"]
)
def test_weights_that_are_not_the_published_ones_are_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / faces.NAME).write_bytes(data)

    with pytest.raises(RegionError, match="cannot be read") as caught:
        find(astronaut()[:64, :64], tmp_path)
    assert faces.NAME in caught.value.reason


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


def test_a_child_before_its_mother_is_somebody_else() -> None:
    mother, child = Region("face", (0.2, 0.1, 0.6, 0.7)), Region("face", (0.45, 0.4, 0.65, 0.7))
    assert not regions._same(mother, child)
    assert regions._same(mother, Region("face", (0.22, 0.12, 0.6, 0.68)))
