"""Names from strangers."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.photos import Format, Photo, decode, encode, free_name, safe_name
from photoveil.photos.names import numbered, with_format

from .samples import picture, saved


@pytest.mark.parametrize(
    ("given_name", "wanted"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("Grüße aus Köln – 2024.jpeg", "Grüße aus Köln – 2024.jpeg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\me.png", "me.png"),
        ("a\0b\nc.png", "abc.png"),
        ("me\u202egnp.exe", "megnp.exe"),
        ("CON.jpg", "_CON.jpg"),
        ("com1.tar.png", "_com1.tar.png"),
        ("what?<>.png", "what___.png"),
        ("trailing. . ", "trailing"),
        ("", "photo"),
        ("..", "photo"),
        (".jpg", "photo.jpg"),
        (".hidden.png", "_hidden.png"),
        ("folder/", "photo"),
    ],
)
def test_examples(given_name: str, wanted: str) -> None:
    assert safe_name(given_name) == wanted


@given(st.text(max_size=300))
def test_any_name_is_made_safe(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe == safe_name(safe)
    assert len(safe.encode()) <= 200
    assert Path(safe).name == safe
    assert not set(safe) & set('/\\<>:"|?*\0')
    assert not safe.startswith(".")
    assert safe[-1] not in ". "
    assert not any(unicodedata.category(c).startswith("C") for c in safe)
    assert len(numbered(safe, 12).encode()) <= 200


def test_long_names_keep_their_extension() -> None:
    assert safe_name("ü" * 300 + ".jpeg").endswith("ü.jpeg")
    assert safe_name("a." + "b" * 300) == ("a." + "b" * 300)[:200]


def test_extension_follows_the_format_only_when_it_changes() -> None:
    photo = decode(saved(picture(), Format.JPEG), name="misnamed.png")
    assert encode(photo, photo.pixels).name == "misnamed.png"
    assert encode(photo, photo.pixels, format=Format.JPEG).name == "misnamed.png"
    assert encode(photo, photo.pixels, format=Format.WEBP).name == "misnamed.webp"
    assert with_format("photo.v2", Format.JPEG) == "photo.v2.jpg"
    assert encode(Photo.from_pixels(picture(), name="../x.png"), picture()).name == "x.png"


def test_free_names_count_up(tmp_path: Path) -> None:
    assert free_name(tmp_path, "photo.jpg") == tmp_path / "photo.jpg"
    (tmp_path / "photo.jpg").touch()
    (tmp_path / "photo (2).jpg").symlink_to(tmp_path / "nowhere")
    assert free_name(tmp_path, "photo.jpg") == tmp_path / "photo (3).jpg"
    assert free_name(tmp_path, "../escape.jpg") == tmp_path / "escape.jpg"


def test_formats_know_their_names() -> None:
    assert (Format.JPEG.extension, Format.JPEG.mime) == (".jpg", "image/jpeg")
    assert (Format.HEIC.extension, Format.HEIC.mime) == (".heic", "image/heic")
    assert {f.extension for f in Format} == {
        ".jpg",
        ".png",
        ".webp",
        ".tif",
        ".bmp",
        ".gif",
        ".avif",
        ".heic",
    }
