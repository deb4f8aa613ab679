"""Is this computer's clock right, as far as it can be told without asking anybody?"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import photoveil
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient

_SLACK = 3600.0


def look(patient: Patient) -> Iterator[Finding]:
    """Files of ours that were written in the future tell that it is, or was, wrong."""
    paths = patient.paths
    files = (
        Path(photoveil.__file__),
        paths.ledger_file,
        paths.log_file,
        paths.settings_file,
        paths.machine_file,
    )
    newest = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    now = time.time()
    if newest <= now + _SLACK:
        return
    then = datetime.fromtimestamp(newest).astimezone()
    yield Finding(
        "clock_behind",
        "This computer's clock may be wrong",
        f"It says {datetime.fromtimestamp(now).astimezone():%Y-%m-%d %H:%M}, but files of Photoveil's were written on "
        f"{then:%Y-%m-%d %H:%M}. With a wrong clock downloads fail, and the history forgets too early or too late.",
        "Run `sudo timedatectl set-ntp true`."
        if sys.platform.startswith("linux")
        else "Set the clock by the network.",
        Weight.ADVICE,
    )
