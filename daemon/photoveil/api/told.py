"""Jobs, as clients are told about them."""

from __future__ import annotations

from photoveil.api.bodies import Body
from photoveil.ledger.jobs import Job, JobRow, State
from photoveil.worker.tasks import Delivered


def job(found: Job | JobRow) -> Body:
    """How far a job is, and what came of it."""
    row, work = (found, found) if isinstance(found, JobRow) else (found.row, found.work)
    told: Body = {
        "job": row.job,
        "state": str(found.state),
        "stage": work.stage,
        "progress": 1.0 if found.state is State.DONE else round(work.progress, 4),
    }
    if found.state is State.FAILED and work.error:
        told["error"] = work.error
    if found.state is State.UNCHANGED:
        told |= {name: value for name, value in (("reason", work.reason), ("why", work.why)) if value}
    made = made_of(found)
    if found.state is State.DONE and made is not None:
        told |= {"result": result(made, row.name), "report": made.report}
    return told


def made_of(found: Job | JobRow) -> Delivered | None:
    """The protected copy, as far as it is known."""
    return found.made if isinstance(found, JobRow) else found.work.delivered


def result(made: Delivered, original: str) -> Body:
    """What a protected copy is."""
    return {
        "sha256": made.sha256,
        "bytes": made.bytes,
        "format": made.format,
        "name": made.name_for(original),
        "type": made.type,
        "width": made.width,
        "height": made.height,
    }


def past(row: JobRow, *, previews: bool, kept: bool) -> Body:
    """A row of the history, for its owner."""
    told: Body = {
        "job": row.job,
        "kind": row.kind,
        "folder": row.folder,
        "name": row.name,
        "state": str(row.state),
        "stage": row.stage,
        "progress": round(row.progress, 4),
        "created": row.created,
        "finished": row.finished,
        "persona": row.task.persona,
        "method": row.task.method,
        "strength": row.task.strength,
        "previews": previews,
        "kept": kept,
    }
    optional = {"error": row.error, "reason": row.reason, "why": row.why}
    told |= {name: value for name, value in optional.items() if value}
    if row.placed is not None:
        told["placed"] = str(row.placed)
    if row.made is not None:
        told |= {"result": result(row.made, row.name), "report": row.made.report}
    return told
