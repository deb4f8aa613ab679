"""The real child, with an open_clip that also knows the tiny architectures of tests; argument: a folder for them."""

from __future__ import annotations

import sys
from pathlib import Path

from photoveil.worker import child
from tests.models.tiny_hub import know_architectures

if __name__ == "__main__":
    know_architectures(Path(sys.argv[1]))
    child.main()
