"""Hostile clients against the whole daemon; ``make test-system`` has them all and waits out its full patience."""

from __future__ import annotations

import os
from pathlib import Path

from photoveil.api.runtime import Runtime
from tests.api.hostile import ATTACKS, run
from tests.api.house import Address
from tests.system.rig import note, system

WHOLE = "PHOTOVEIL_TEST_KILLS" in os.environ


def test_hostile_clients_are_refused(tmp_path: Path) -> None:
    with system(tmp_path / "home") as running:
        running.start()
        runtime = Runtime.read(running.paths.runtime_file)
        address = Address(runtime)
        counts = run(address, ATTACKS if WHOLE else ["rebinding"])
        assert address.browser("Unspeakable browser").call("status")["api"] == 1
        assert running.stop() == 0
        log = running.log()
    for name, count in counts.items():
        assert count["tried"] > 0, name
        assert count["refused"] == count["tried"], name
    secrets = [secret for secret in (runtime.key, "Unspeakable", "evil.example", "once=") if secret in log]
    assert secrets == []
    assert "Traceback" not in log
    if WHOLE:
        note("hostile", **counts, log_lines=log.count("\n"), secrets_logged=len(secrets))
