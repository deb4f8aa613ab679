"""Run files of browser tests, two at a time where each can have a network of its own; show what each said when it ends.

Such tests wait more than they compute, and the ports of the daemon are fixed: side by side they would meet there.

    python tests/browsers.py tests/browser/*.test.mjs
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

LONGEST = (
    "matrix-firefox",
    "matrix-chromium",
    "failures",
    "background",
    "uploads",
    "real",
    "hostile",
    "pages",
    "ui",
)
"""Files that take longest, in this order: begun last, one of them would run on while the other lane is empty."""
ALONE = (sys.executable, str(Path(__file__).with_name("alone.py")))
LANES = 2


def run(file: str) -> tuple[bool, str, float]:
    """Whether one file's tests pass, what they said, and how many seconds they took."""
    began = time.monotonic()
    command = [*ALONE, "node", "--test", "--test-reporter=spec", file]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0, done.stdout.decode("utf-8", "replace"), time.monotonic() - began


def _turn(file: str) -> int:
    name = Path(file).name.removesuffix(".test.mjs")
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def main(files: list[str]) -> int:
    """Run all files; 1 where any failed."""
    alone = subprocess.run(ALONE, check=False).returncode == 0
    failed = []
    with ThreadPoolExecutor(LANES if alone else 1) as pool:
        running = {pool.submit(run, file): file for file in sorted(files, key=_turn)}
        for one in as_completed(running):
            passed, said, seconds = one.result()
            how = "passed" if passed else "FAILED"
            sys.stdout.write(f"{said.rstrip()}\n=== {running[one]} {how} in {seconds:.0f} s\n\n")
            sys.stdout.flush()
            failed += [] if passed else [running[one]]
    sys.stdout.write(f"{len(files) - len(failed)} of {len(files)} files passed\n")
    for file in failed:
        sys.stdout.write(f"FAILED {file}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
