"""Is a browser connected, and did it come lately?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

_LATELY = timedelta(days=30)


def look(patient: Patient) -> Iterator[Finding]:
    """Ask the ledger who was here, and when."""
    pair = patient.command("pair")
    try:
        with patient.ledger() as ledger:
            seen = [str(row[0]) for row in ledger.execute("SELECT coalesce(last_used, created) FROM clients")]
    except NotNow:
        if patient.paths.ledger_file.exists():
            raise
        seen = []
    if not seen:
        yield Finding(
            "browser_never",
            "No browser is connected",
            "What you upload is not protected; watched folders and `photoveil protect` need no browser.",
            f"{_installing()}, run {pair} and type the code into the extension.",
            Weight.ADVICE if patient.settings.folders else Weight.PROBLEM,
        )
        return
    last = max(moment for moment in map(_moment, seen))
    if datetime.now(UTC) - last > _LATELY:
        yield Finding(
            "browser_away",
            "No connected browser came lately",
            f"The last one was here on {last:%Y-%m-%d}; the extension may be switched off or removed.",
            f"Look at your browser's list of extensions; if it is there, connect it anew with {pair}.",
            Weight.ADVICE,
        )


def _installing() -> str:
    from photoveil import extension

    folder = extension.found().chromium
    if folder is None:
        return "Install the extension in your browser"
    return f"Load the extension in your browser (Chromium: chrome://extensions, “Load unpacked”, {folder})"


def _moment(text: str) -> datetime:
    """A time of the ledger; long ago where it cannot be read."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
