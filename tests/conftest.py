"""No test may touch the keyring of the person who runs it, and tests share their cores with others."""

from __future__ import annotations

import os

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
