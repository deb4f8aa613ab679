"""Small pictures before and after, as the daemon keeps them: `pictures.py DIRECTORY`.

Real photos that scikit-image ships, and a change like that of protection: a tint, and a pattern that texture hides.
"""

import sys
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageFilter

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "camera.png")
LONGEST = 640


def main() -> None:
    """Write them as 0.before.webp, 0.after.webp, 1.before.webp, …"""
    target, source = Path(sys.argv[1]), Path(skimage.__file__).parent / "data"
    target.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(NAMES):
        photo = Image.open(source / name).convert("RGB")
        photo.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        photo.save(target / f"{index}.before.webp", lossless=True)
        changed(photo, index).save(target / f"{index}.after.webp", lossless=True)


def changed(photo: Image.Image, seed: int) -> Image.Image:
    """The photo with a tint and a pattern."""
    random = np.random.default_rng(seed)
    pixels = np.asarray(photo, dtype=np.float32)
    small = Image.fromarray(random.integers(0, 256, (48, 48, 3), dtype=np.uint8))
    pattern = np.asarray(small.resize(photo.size, Image.Resampling.BICUBIC), dtype=np.float32) / 127.5 - 1
    edges = photo.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(4))
    texture = np.asarray(edges, dtype=np.float32)[..., None] / 40
    tint = np.array([2.0, 0.5, -2.5], dtype=np.float32)
    return Image.fromarray(np.clip(pixels + tint + pattern * (1 + 6 * texture), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
