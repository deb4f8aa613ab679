"""Ten different real photos as JPEG files, from those that scikit-image ships: `photos.py DIRECTORY [WIDTH]`."""

import sys
from pathlib import Path

import skimage
from PIL import Image

NAMES = (
    "astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg",
    "hubble_deep_field.jpg", "motorcycle_left.png", "camera.png", "moon.png", "ihc.png",
)  # fmt: skip


def main() -> None:
    """Write them, scaled to the width."""
    target = Path(sys.argv[1])
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 512
    source = Path(skimage.__file__).parent / "data"
    target.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        photo = Image.open(source / name).convert("RGB")
        height = round(photo.height * width / photo.width)
        path = target / f"{Path(name).stem}.jpg"
        photo.resize((width, height), Image.Resampling.LANCZOS).save(path, quality=92)


if __name__ == "__main__":
    main()
