"""A home of its own for every test, and the tiny models for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny_models import tiny_models

Photoveil = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def environment(tmp_path: Path, models: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PHOTOVEIL_HOME": str(tmp_path / "home"),
        "PHOTOVEIL_MODELS": str(models),
        "PYTHONIOENCODING": "utf-8",
    }


@pytest.fixture
def photoveil(environment: dict[str, str], tmp_path: Path) -> Photoveil:
    """Run the command as a user would, in the test's folder."""

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "photoveil.cli", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    return run
