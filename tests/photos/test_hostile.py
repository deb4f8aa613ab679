"""Hostile and broken bytes: a photo or one of our errors, soon and with little memory."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

import photoveil
from photoveil.errors import PhotoveilError
from photoveil.photos import (
    Format,
    Limits,
    MetadataPolicy,
    NotAPhoto,
    TooLarge,
    TruncatedPhoto,
    UnsupportedPhoto,
    containers,
    decode,
    encode,
    inspect,
)
from photoveil.photos.containers import tiff
from photoveil.photos.exif import BrokenDirectory, Exif, layout, long, read_directory, short

from .samples import PLUGINS, image, picture, private, saved

CARRIERS = [Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.AVIF, Format.HEIC]
FILES = [private(kind) for kind in CARRIERS] + [saved(picture(), kind) for kind in (Format.BMP, Format.GIF)]
FILES += [
    saved(image("CMYK"), Format.JPEG, progressive=True),
    saved(image("I;16"), Format.TIFF, compression="tiff_lzw"),
]


def photo_or_error(data: bytes) -> None:
    try:
        info = inspect(data, limits=Limits(max_pixels=1_000_000))
    except PhotoveilError:
        info = None
    try:
        photo = decode(data, limits=Limits(max_pixels=1_000_000))
    except PhotoveilError as error:
        check_words(error)
        return
    assert info is not None
    assert photo.width * photo.height <= 1_000_000
    for policy in MetadataPolicy:
        again = decode(encode(photo, photo.pixels, metadata=policy).data)
        assert again.pixels.shape[:2] == photo.pixels.shape[:2]


def check_words(error: PhotoveilError) -> None:
    assert all((error.title, error.reason, error.remedy, error.code))
    assert " at 0x" not in str(error)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), file=st.sampled_from(FILES))
def test_flipped_bytes(data: st.DataObject, file: bytes) -> None:
    changed = bytearray(file)
    # Headers are where parsers go wrong: half of the flips land there.
    places = st.one_of(st.integers(0, min(400, len(file) - 1)), st.integers(0, len(file) - 1))
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(places)] = data.draw(st.integers(0, 255))
    photo_or_error(bytes(changed))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(file=st.sampled_from(FILES), share=st.floats(0, 1), junk=st.binary(max_size=64))
def test_cut_and_patched_bytes(file: bytes, share: float, junk: bytes) -> None:
    cut = int(len(file) * share)
    photo_or_error(file[:cut])
    photo_or_error(file[:cut] + junk + file[cut + len(junk) :])
    photo_or_error(file[:cut] + junk + file[cut:])


@settings(max_examples=150, deadline=None)
@given(head=st.sampled_from([f[:12] for f in FILES]), rest=st.binary(max_size=200))
def test_noise_behind_a_magic_number(head: bytes, rest: bytes) -> None:
    photo_or_error(head + rest)
    photo_or_error(rest)


@pytest.mark.parametrize("kind", [f for f in Format if f is not Format.TIFF], ids=lambda f: f.value)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_files_are_errors(kind: Format, share: float) -> None:
    data = saved(picture(120, 90), kind)
    with pytest.raises(TruncatedPhoto):
        decode(data[: int(len(data) * share)])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_truncated_tiff_is_an_error() -> None:
    data = saved(picture(120, 90), Format.TIFF, compression="tiff_lzw")
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(PhotoveilError):
            decode(data[: int(len(data) * share)])


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )


def huge_tiff() -> bytes:
    plain = saved(picture(), Format.TIFF)
    own, _ = read_directory(plain, "<", struct.unpack_from("<I", plain, 4)[0])
    block = layout(Exif("<", own | {256: long(256, 60000, "<"), 257: long(257, 60000, "<")}), len(plain))
    return plain[:4] + struct.pack("<I", len(plain)) + plain[8:] + block


def huge_jpeg() -> bytes:
    data = bytearray(saved(picture(), Format.JPEG))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


def huge_webp() -> bytes:
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (16382).to_bytes(3, "little") * 2
    rest = saved(picture(), Format.WEBP)[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(vp8x) + len(rest)) + b"WEBP" + vp8x + rest


def huge_gif() -> bytes:
    data = bytearray(saved(image("P"), Format.GIF))
    data[6:10] = b"\xff\xff\xff\xff"
    return bytes(data)


def huge_bmp() -> bytes:
    data = bytearray(saved(picture(), Format.BMP))
    data[18:26] = struct.pack("<ii", 40000, -40000)
    return bytes(data)


BOMBS = {
    "png": lambda: huge_png(50000, 50000),
    "tiff": huge_tiff,
    "jpeg": huge_jpeg,
    "webp": huge_webp,
    "gif": huge_gif,
    "bmp": huge_bmp,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused_before_decoding(bomb: object) -> None:
    assert callable(bomb)
    data = bomb()
    started = time.thread_time()  # the processor's: the machine may be busy with other things
    for call in (inspect, decode):
        with pytest.raises(TooLarge, match="pixels"):
            call(data)
    assert time.thread_time() - started < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_bombs_take_little_memory(tmp_path: Path) -> None:
    for name, bomb in BOMBS.items():
        (tmp_path / name).write_bytes(bomb())
    (tmp_path / "icc").write_bytes(icc_bomb())
    (tmp_path / "tags").write_bytes(tag_bomb())
    script = (
        "import pathlib, re, sys\n"
        "from photoveil.errors import PhotoveilError\n"
        "from photoveil.photos import decode\n"
        "files = [p.read_bytes() for p in pathlib.Path(sys.argv[1]).iterdir()]\n"
        # Of this program alone; what getrusage tells begins with the memory of the one that started it.
        "def most(): return int(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])\n"
        "before = most()\n"
        "for data in files:\n"
        "    try: decode(data)\n"
        "    except PhotoveilError: pass\n"
        "print(most() - before)\n"
    )
    root = str(Path(photoveil.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 64 * 1024  # KiB


def icc_bomb() -> bytes:
    packed = zlib.compress(bytes(200_000_000), 9)
    data = saved(picture(), Format.PNG)
    return data[:33] + png_chunk(b"iCCP", b"icc\0\0" + packed) + data[33:]


def tag_bomb() -> bytes:
    """Twenty thousand tags that all claim the same half megabyte."""
    count, size = 20_000, 500_000
    entries = b"".join(struct.pack("<HHII", 1000 + i, 7, size, 8) for i in range(count))
    directory = (
        struct.pack("<H", count + 2) + struct.pack("<HHII", 256, 4, 1, 9) + struct.pack("<HHII", 257, 4, 1, 9)
    )
    return b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + directory + entries + bytes(4)


def test_profile_and_text_bombs_are_left_out() -> None:
    photo = decode(icc_bomb())
    assert photo.source.metadata.icc is None
    assert any("profile" in note for note in photo.notes)
    data = saved(picture(), Format.PNG)
    packed = zlib.compress(bytes(100_000_000), 9)
    text = png_chunk(b"zTXt", b"Comment\0\0" + packed)
    xmp = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed)
    photo = decode(data[:33] + text + xmp + data[33:])
    assert photo.source.metadata.xmp is None
    assert len(encode(photo, photo.pixels).data) < 2 * len(data)


def test_tags_that_claim_more_than_the_file_has_are_refused() -> None:
    with pytest.raises(TruncatedPhoto, match="claim"):
        decode(tag_bomb())
    with pytest.raises(BrokenDirectory):
        read_directory(bytes(20), "<", 4)


def test_rings_of_pages_are_refused() -> None:
    data = bytearray(saved(picture(), Format.TIFF))
    (offset,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, offset)
    struct.pack_into("<I", data, offset + 2 + 12 * count, offset)
    with pytest.raises(TruncatedPhoto, match="ring"):
        decode(bytes(data))


def test_limits_are_the_callers() -> None:
    data = saved(picture(), Format.PNG)
    with pytest.raises(TooLarge, match="bytes"):
        inspect(data, limits=Limits(max_bytes=10))
    for kind in Format:
        with pytest.raises(TooLarge, match="pixels"):
            decode(saved(picture(), kind), limits=Limits(max_pixels=48 * 32 - 1))
        assert decode(saved(picture(), kind), limits=Limits(max_pixels=48 * 32)).width == 48


def test_more_pixels_than_pillow_allows_by_default_are_no_warning() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(saved(picture(400, 300), Format.PNG), limits=Limits(max_pixels=120_000)).height == 300
    assert before == Image.MAX_IMAGE_PIXELS


def test_threads_do_not_share_limits() -> None:
    data = saved(picture(300, 200), Format.PNG)

    def attempt(index: int) -> bool:
        try:
            decode(data, limits=Limits(max_pixels=60_000 if index % 2 else 59_999))
        except TooLarge:
            return False
        return True

    before = Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(64))) == [False, True] * 32
    assert before == Image.MAX_IMAGE_PIXELS


def test_other_plugins_are_out_of_reach() -> None:
    out = BytesIO()
    Image.fromarray(picture()).save(out, format="PPM")
    with pytest.raises(NotAPhoto):
        decode(out.getvalue())


@pytest.mark.parametrize("kind", list(Format), ids=lambda f: f.value)
def test_one_plugin_is_tried(kind: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, really = [], Image.open

    def recorded(
        file: BytesIO, mode: Literal["r"] = "r", formats: tuple[str, ...] | None = None
    ) -> Image.Image:
        asked.append(formats)
        return really(file, mode, formats)

    monkeypatch.setattr(Image, "open", recorded)
    decode(saved(picture(), kind))
    assert asked == [(PLUGINS[kind],)]


@pytest.mark.parametrize("kind", [Format.JPEG, Format.PNG, Format.TIFF], ids=lambda f: f.value)
def test_decoders_see_no_metadata(kind: Format) -> None:
    data = private(kind)
    scan = containers.scan(kind, data)
    parts = [data[p] if isinstance(p, slice) else p for p in scan.parts]
    given = parts[0] + parts[-1] if kind is Format.TIFF else b"".join(parts).partition(b"\xff\xda")[0]
    for word in (
        b"Exif",
        b"rdf:RDF",
        b"MPF",
        b"Camera One",
        b"ICC_PROFILE",
        b"iCCP",
        b"\xff\xe1",
        b"\xff\xe2",
    ):
        assert word not in given


def test_heic_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(picture(), Format.HEIC)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF")
    with pytest.raises(UnsupportedPhoto, match=r"photoveil\[heif\]"):
        decode(data)


def test_a_clean_tiff_keeps_working_after_its_own_delivery() -> None:
    metadata = decode(private(Format.TIFF)).source.metadata
    twice = tiff.with_metadata(tiff.with_metadata(saved(picture(), Format.TIFF), metadata), metadata)
    assert decode(twice).source.metadata.icc == metadata.icc


def test_short_entries_hold_their_value() -> None:
    assert short(1, 7, ">").data == b"\0\7"
