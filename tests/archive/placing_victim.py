"""Puts copies into an output folder until it is killed: reads its two arguments, library and output."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from photoveil.archive.manifest import DONE, PLACING, WAITING, Manifest
from photoveil.archive.placing import Placer
from photoveil.archive.survey import Survey


def copy_of(data: bytes, mark: str) -> bytes:
    """Stands for the protected copy: another, longer content, large enough to be killed in the middle of."""
    return mark.encode() + data[::-1] * 40


def main() -> None:
    """Place what waits; the mark changes with each round, so that copies are replaced as well."""
    library, out, mark = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    with Manifest(out) as manifest:
        Survey(library, out, manifest).run()
        placer = Placer(out, manifest)
        for row in manifest.seen():
            current = placer.resumed(row) if row.state == PLACING else row
            if current.state == DONE and current.mark != mark:
                current = replace(current, state=WAITING)
            manifest.note(current)
        manifest.commit()
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        for row in manifest.waiting():
            placer.put(row, copy_of((library / row.name).read_bytes(), mark), mark=mark)
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
