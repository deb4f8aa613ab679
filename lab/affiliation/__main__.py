"""Does it work? Attackers fine-tune on posted photos and are questioned on clean ones: `python -m lab.affiliation`.

Photos are 1024 px and more, protected at that size by the code users run, then sent through a channel and only then
shrunk to a tower's 224 px. Rows are noted as they come; the same command takes an interrupted run up again.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import torch

from lab.affiliation.plan import PRESETS
from lab.affiliation.plot import plot
from lab.affiliation.study import Study
from lab.affiliation.tables import as_markdown, summary
from photoveil import __version__

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, then write the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.affiliation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for affiliation.json and .md")
    parser.add_argument("--cache", type=Path, default=Path("build/lab/affiliation"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="photos protected at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the attackers")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.cache.mkdir(parents=True, exist_ok=True)
    rows = Study(options.preset, options.cache, options.jobs).run()
    lines = summary(rows)
    command = f"python -m lab.affiliation --preset {options.preset}"
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"command": command, "version": __version__, "summary": lines, "rows": rows}
    (options.out / "affiliation.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    text = as_markdown(lines, command, __version__)
    (options.out / "affiliation.md").write_text(text, encoding="utf-8")
    for looks in dict.fromkeys(line["looks"] for line in lines):
        plot(lines, looks, options.out / f"affiliation-{looks}.png")
    print(text)


if __name__ == "__main__":
    main()
