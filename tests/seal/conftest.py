"""What a platform leaves of a mark hangs a little on keys and disguises, which are drawn anew for each."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def drawn() -> Iterator[None]:
    """In `make test` they are the same every time, so that it speaks of the code; who runs a file gets new ones."""
    with pytest.MonkeyPatch.context() as patch:
        if "PYTEST_XDIST_WORKER" in os.environ:
            draws = random.Random(1)
            patch.setattr(secrets, "token_bytes", lambda count=32: draws.randbytes(count or 32))
        yield
