"""Photos rendered once and kept in a memory map, and the batches cut from them."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.people import sample_persona
from lab.render import render
from lab.scenes import PhotoSpec, sample_photo
from lab.starters.weather import hidden_face, weathered

CACHE = Path("build/lab")
SIZE = 224
# Training personas start at the first number (plus a million per seed), held-out ones at the second.
TRAIN_FROM, HELD_OUT_FROM = 1_000_000, 900_000_000
# Change when the drawing changes, so that stale photos are not taken for new ones.
EDITION = 1
# What a crop around the head still shows; the eyes then always.
FACE = frozenset({"skin", "hair_colour", "hair_style", "glasses", "facial_hair"})


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """Square photos with what is known about them, row by row.

    `attributes` is what the photo shows, `faces` what a crop around the head shows, `heads` where that is:
    x, y and half its height in parts of the side.
    """

    pixels: NDArray[np.uint8]
    captions: list[str]
    attributes: list[dict[str, str]]
    faces: list[dict[str, str]]
    heads: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.captions)


def persona_seeds(count: int, seed: int, held_out: bool) -> range:
    """Seeds no training run shares with any evaluation."""
    if count > 1_000_000 or not 0 <= seed < 800:
        raise ValueError("at most a million photos, and a seed from 0 to 799")
    start = (HELD_OUT_FROM if held_out else TRAIN_FROM) + seed * 1_000_000
    return range(start, start + count)


def head_of(spec: PhotoSpec) -> tuple[float, float, float]:
    """Where the head is in the square photo: x, y and half its height."""
    dx, dy, zoom = spec.camera
    x, y = (0.5 + offset + zoom * (place - 0.5) for offset, place in ((dx, spec.pose.x), (dy, spec.pose.y)))
    return x, y, zoom * spec.pose.size


def _described(specs: list[PhotoSpec], pixels: NDArray[np.uint8]) -> PhotoSet:
    faces = [
        {k: v for k, v in s.attributes.items() if k in FACE} | {"eyes": s.persona.look.eyes} for s in specs
    ]
    heads = np.array([head_of(spec) for spec in specs])
    return PhotoSet(pixels, [s.caption for s in specs], [s.attributes for s in specs], faces, heads)


def draw(seeds: range, size: int = SIZE) -> PhotoSet:
    """One photo of each persona, in memory."""
    specs = [sample_photo(sample_persona(seed), seed) for seed in seeds]
    return _described(specs, np.stack([render(spec, size, size) for spec in specs]))


def _fill(job: tuple[str, int, int, int, int]) -> int:
    path, size, start, begin, end = job
    cv2.setNumThreads(1)
    pixels = np.lib.format.open_memmap(path, mode="r+")
    for i in range(begin, end):
        pixels[i] = render(sample_photo(sample_persona(start + i), start + i), size, size)
    return end - begin


def cached(
    count: int, seed: int, folder: Path = CACHE, size: int = SIZE, workers: int | None = None
) -> PhotoSet:
    """The training photos of a seed, rendered on first use by all cores."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"photos-e{EDITION}-s{seed}-n{count}-{size}.npy"
    seeds = persona_seeds(count, seed, held_out=False)
    if not path.exists():
        draft = path.with_suffix(".part")
        np.lib.format.open_memmap(draft, mode="w+", dtype=np.uint8, shape=(count, size, size, 3)).flush()
        jobs = [(str(draft), size, seeds.start, i, min(i + 250, count)) for i in range(0, count, 250)]
        with multiprocessing.get_context("spawn").Pool(workers or os.cpu_count()) as pool:
            sum(pool.imap(_fill, jobs))
        draft.replace(path)
    specs = [sample_photo(sample_persona(s), s) for s in seeds]
    return _described(specs, np.load(path, mmap_mode="r"))


def frame(head: NDArray[np.float64], zoomed: bool, rng: np.random.Generator) -> tuple[float, float, float]:
    """A square cut out of the photo: left, top, side. Around the head if `zoomed`, else nearly all of it."""
    if zoomed:
        side = float(min(2 * head[2] * rng.uniform(1.8, 3.2), 1.0))
        x, y = head[:2] - side / 2 + rng.uniform(-0.35, 0.35, 2) * head[2]
    else:
        side = float(rng.uniform(0.80, 1.0))
        x, y = rng.uniform(0.0, 1 - side, 2)
    return float(np.clip(x, 0, 1 - side)), float(np.clip(y, 0, 1 - side)), side


def augment(
    photo: NDArray[np.uint8],
    size: int,
    head: NDArray[np.float64],
    zoomed: bool,
    rng: np.random.Generator,
    weather: bool = False,
) -> NDArray[np.uint8]:
    """A crop and perhaps a mirror image; no caption speaks of left or right. With ``weather`` as the web has it."""
    full = photo.shape[0]
    if weather and not zoomed:
        photo = hidden_face(np.asarray(photo), head, rng)
    x, y, side = frame(head, zoomed, rng)
    left, top, part = (round(v * full) for v in (x, y, side))
    crop = np.asarray(photo[top : top + part, left : left + part])
    method = cv2.INTER_AREA if part >= size else cv2.INTER_CUBIC
    crop = np.asarray(cv2.resize(crop, (size, size), interpolation=method), np.uint8)
    if weather:
        crop = weathered(crop, rng)
    return crop[:, ::-1] if rng.random() < 0.5 else crop


@dataclass(frozen=True, slots=True)
class Batch:
    """Augmented photos, the rows they came from, and which of them show only the head."""

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    zoomed: NDArray[np.bool_]


def batches(
    photos: PhotoSet,
    size: int,
    batch: int,
    steps: int,
    rng: np.random.Generator,
    zoom: float,
    weather: bool = False,
) -> Iterator[Batch]:
    """Batches with a share of `zoom` crops around the head, one prepared ahead."""

    def orders() -> Iterator[NDArray[np.int64]]:
        left = np.empty(0, np.int64)
        while True:
            if len(left) < batch:
                left = np.concatenate([left, rng.permutation(len(photos))])
            yield left[:batch]
            left = left[batch:]

    def make(rows: NDArray[np.int64], seed: int) -> Batch:
        own = np.random.default_rng(seed)
        zoomed = own.random(len(rows)) < zoom
        pixels = [
            augment(photos.pixels[i], size, photos.heads[i], bool(z), own, weather)
            for i, z in zip(rows, zoomed, strict=True)
        ]
        return Batch(np.stack(pixels), rows, zoomed)

    order = orders()
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, next(order), int(rng.integers(2**31)))
        for _ in range(steps):
            ready = ahead.result()
            ahead = pool.submit(make, next(order), int(rng.integers(2**31)))
            yield ready
