"""A photo of twelve megapixels, as a phone makes them: `photo.py FILE`."""

import sys
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

SIZE = (4000, 3000)


def main() -> None:
    """Enlarge a real photo and give it the grain that makes a phone's files as large as they are."""
    photo = Image.open(Path(skimage.__file__).parent / "data" / "coffee.png").convert("RGB")
    pixels = np.asarray(photo.resize(SIZE, Image.Resampling.LANCZOS), dtype=np.float32)
    grain = np.random.default_rng(12).normal(0, 4, pixels.shape[:2]).astype(np.float32)[..., None]
    image = Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))
    image.save(sys.argv[1], quality=90)


if __name__ == "__main__":
    main()
