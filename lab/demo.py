"""`make demo`: one real photo through the whole product, as a user would do it, and what came of it.

Starts the daemon on a profile of its own, opens a local page in headless Chromium with the extension loaded, pairs,
uploads the bundled portrait and compares what the page's server received with what the daemon delivered. Without a
browser on the machine the same photo goes through the daemon's API. Everything it writes is under ``build/demo``.

    python -m lab.demo
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import NotRunningError, Runtime
from photoveil.paths import HOME_VARIABLE, Paths
from photoveil.protection.headline import sentence

ROOT = Path(__file__).parent.parent
OUT = Path(os.environ.get("PHOTOVEIL_DEMO_OUT", ROOT / "build" / "demo"))
PHOTO = ROOT / "lab" / "photos" / "eileen_collins.jpg"
PROFILE = "demo"
_NO_BROWSER = 3
_START_SECONDS = 30.0


class DemoError(Exception):
    """The demo did not show what it should."""


def main() -> int:
    """Run the demo; 0 when the server received exactly the protected copy."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    os.environ[HOME_VARIABLE] = str(OUT / "home")
    started = time.perf_counter()
    try:
        with _daemon() as client:
            received, way = _upload(client)
            report = _report(client, received)
            _say(report, way, time.perf_counter() - started)
    except (DemoError, OSError, subprocess.SubprocessError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _daemon() -> Iterator[DaemonClient]:
    """A daemon of the demo's own profile, ended when the demo ends."""
    command = [sys.executable, "-m", "photoveil.cli", "run", "--no-tray", "--profile", PROFILE]
    with (OUT / "daemon.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield DaemonClient.local(_wait_for(process))
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(process: subprocess.Popen[bytes]) -> Runtime:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(NotRunningError):
            return Runtime.read(Paths.of(PROFILE).runtime_file)
        time.sleep(0.05)
    raise DemoError(f"the daemon did not start; see {OUT / 'daemon.log'}")


def _upload(client: DaemonClient) -> tuple[bytes, str]:
    """The bytes that arrived at the other end, and how they got there."""
    node = shutil.which("node")
    if node:
        command = [node, str(ROOT / "tests" / "browser" / "upload_once.mjs"), "--photo", str(PHOTO)]
        command += ["--profile", PROFILE, "--python", sys.executable, "--out", str(OUT)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode == 0:
            told = json.loads(done.stdout.strip().splitlines()[-1])
            return Path(
                told["received_file"]
            ).read_bytes(), f"Chromium, {told['ms'] / 1000:.1f} s from pick to upload"
        if done.returncode != _NO_BROWSER:
            raise DemoError(f"the browser run failed:\n{done.stdout}{done.stderr}")
    print(
        "There is no Chromium (or no Node) on this machine: the photo goes through the daemon's API instead."
    )
    job = client.protect(PHOTO.read_bytes(), PHOTO.name)["job"]
    for told in client.follow(job):
        if told["state"] == "failed":
            raise DemoError(f"the daemon refused the photo: {told['error']}")
    return client.result(job), "the daemon's API, no browser"


def _report(client: DaemonClient, received: bytes) -> dict[str, Any]:
    """The daemon's report with the received hash; writes report.json and comparison.png."""
    from photoveil.photos import decode
    from photoveil.protection.compare import comparison

    original = PHOTO.read_bytes()
    known = client.call("lookup", sha256=hashlib.sha256(original).hexdigest())
    if known["state"] != "original":
        raise DemoError("the daemon has not protected the photo")
    report: dict[str, Any] = client.call("job", job=known["job"])["report"]
    report["received_sha256"] = hashlib.sha256(received).hexdigest()
    (OUT / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    if report["received_sha256"] != report["delivered"]["sha256"]:
        raise DemoError("the server received something else than the protected copy")
    if report["received_sha256"] == report["original"]["sha256"]:
        raise DemoError("the server received the original")
    caption = f"{report['strength']}, PSNR {report['psnr_db']:.1f} dB, SSIM {report['ssim']:.3f}"
    picture = comparison(decode(original).pixels, decode(received).pixels, caption)
    (OUT / "comparison.png").write_bytes(picture)
    return report


def _say(report: dict[str, Any], way: str, seconds: float) -> None:
    original, delivered = report["original"], report["delivered"]
    stages = ", ".join(f"{name} {ms / 1000:.2f} s" for name, ms in report["timings_ms"].items())
    print(f"\nUploaded by   {way}")
    size = f"{original['width']}×{original['height']}"
    print(f"Original      {original['sha256'][:16]}…  {original['bytes']:>7} bytes, {size}")
    print(
        f"Received      {report['received_sha256'][:16]}…  {delivered['bytes']:>7} bytes: not the original,"
    )
    print("              byte for byte the daemon's protected copy")
    likeness = f"PSNR {report['psnr_db']:.1f} dB, SSIM {report['ssim']:.3f}"
    print(f"Looks         {likeness} at strength “{report['strength']}”")
    print(f"Hides         {sentence(report)}")
    print("Moves         towards the persona's anchor (gain in cosine; 0 is no effect)")
    print(f"              {'':18}{'':11}{'delivered':>10}{'JPEG 75':>9}{'540 px':>8}")
    for encoder in report["encoders"]:
        channels = encoder["channels"]
        figures = (encoder["anchor_shift"], channels["jpeg75"]["anchor_shift"])
        small = channels["resize540_jpeg75"]["anchor_shift"]
        print(
            f"              {encoder['name']:18}{encoder['role']:11}{figures[0]:10.3f}{figures[1]:9.3f}{small:8.3f}"
        )
    print(f"Time          {stages}; the whole demo {seconds:.1f} s")
    print(f"See           {_shown(OUT / 'comparison.png')} and {_shown(OUT / 'report.json')}")
    print(
        "\nThe witness was never optimised against. The starter encoders are for trying Photoveil out, not for"
    )
    print("trusting it: see docs/limits.md.")


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())
