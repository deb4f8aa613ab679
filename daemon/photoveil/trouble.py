"""A page that says why Photoveil could not start, for who started it by an icon and would see nothing else."""

from __future__ import annotations

import html
import tempfile
from pathlib import Path

from photoveil.errors import PhotoveilError

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Photoveil did not start</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 16px;
  font: 17px/1.55 system-ui, sans-serif; }}
main {{ max-width: 34rem; }}
small {{ opacity: 0.75; }}
h1 {{ margin: 0 0 16px; font-size: 1.6rem; line-height: 1.25; }}
code {{ padding: 1px 6px; border: 1px solid; border-radius: 6px; font-size: 0.9em; }}
</style>
</head>
<body>
<main>
<small>Photoveil did not start</small>
<h1>{title}</h1>
<p>{reason}</p>
<p><strong>What to do:</strong> {remedy}</p>
<p><small>If that does not help: <code>photoveil doctor</code> in a terminal looks for what is wrong.</small></p>
</main>
</body>
</html>
"""


def page(file: Path, error: PhotoveilError) -> str:
    """Write the page, elsewhere where its own folder is the trouble; its address."""
    words = {name: html.escape(text) for name, text in error.as_dict().items()}
    text = _PAGE.format(**words)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError:
        file = Path(tempfile.mkdtemp(prefix="photoveil-")) / file.name
        file.write_text(text, "utf-8")
    return file.absolute().as_uri()
