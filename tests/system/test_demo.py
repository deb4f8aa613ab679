"""`make demo` on a machine without a browser: it says so and shows the same through the daemon's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FIELDS = {
    "original",
    "delivered",
    "psnr_db",
    "ssim",
    "encoders",
    "timings_ms",
    "model_set",
    "method",
    "strength",
}
_FIELDS |= {"version", "received_sha256"}


def test_demo_without_a_browser(tmp_path: Path) -> None:
    bare = {**os.environ, "PATH": str(tmp_path), "PHOTOVEIL_DEMO_OUT": str(tmp_path / "demo")}
    done = subprocess.run(
        [sys.executable, "-m", "lab.demo"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no Chromium" in done.stdout
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report.keys() >= _FIELDS
    assert report["received_sha256"] == report["delivered"]["sha256"] != report["original"]["sha256"]
    assert (tmp_path / "demo" / "comparison.png").stat().st_size > 10_000
    runtime = tmp_path / "demo" / "home" / "demo" / "state" / "run" / "runtime.json"
    assert not runtime.exists(), "the demo's daemon is still running"
