"""The report in one sentence, from the measurement that predicted best what fine-tuned models still know.

Rank correlation with the leak −0.89 in the witness (docs/results/affiliation-headline.md); scale in docs/report.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from photoveil.protection.catalogue import Role

CHANNEL = "resize1080_jpeg75"
"""What most platforms do; the benchmark's figures are measured after it as well."""


def strangers(encoders: Sequence[Mapping[str, Any]], role: Role) -> float | None:
    """Mean of ``strangers_nearer`` after `CHANNEL` over a report's encoders of a role, 0…1; None if none measured it,
    as in reports from before there were strangers."""
    found = [e["channels"].get(CHANNEL, {}).get("strangers_nearer") for e in encoders if e["role"] == role]
    known = [share for share in found if share is not None]
    return sum(known) / len(known) if known else None


def sentence(report: Mapping[str, Any]) -> str:
    """What a report's figures mean, in words; empty for reports of encoders that know no strangers."""
    against, witness = (
        strangers(report.get("encoders", []), role) for role in (Role.SURROGATE, Role.WITNESS)
    )
    if against is None:
        return ""
    if witness is None:
        return f"{against:.0%} of strangers look more like this photo than you do"
    return (
        f"To an encoder it was not made against, {witness:.0%} of strangers look more like this photo than you do "
        f"({against:.0%} to those it was)"
    )
