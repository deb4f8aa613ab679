"""The dashboard's files and the API's description: all that GET is for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import web

from photoveil.api import openapi

DASHBOARD = Path(__file__).with_name("dashboard")
OPENAPI = "/v1/openapi.json"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'",
}
"""Of every answer."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy of the dashboard."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


class Pages:
    """The fixed table of what GET answers, read from a folder once; a path that is not in it does not exist.

    Args:
        folder: where the files are; ``index.html`` is "/", everything else lies under "/app/".
    """

    def __init__(self, folder: Path = DASHBOARD) -> None:
        self._files = {
            f"/app/{file.relative_to(folder).as_posix()}": file
            for file in folder.rglob("*")
            if file.suffix in _TYPES and file.suffix != ".html" and file.is_file()
        }
        self._files["/"] = folder / "index.html"

    def __contains__(self, path: object) -> bool:
        return path == OPENAPI or path in self._files

    async def serve(self, path: str) -> web.Response:
        """The file behind a path of the table."""
        if path == OPENAPI:
            return web.Response(body=json.dumps(openapi.document()).encode(), content_type="application/json")
        file = self._files[path]
        try:
            body = await asyncio.to_thread(file.read_bytes)
        except FileNotFoundError:
            return web.Response(status=404)
        headers = {"Content-Type": _TYPES[file.suffix], "Content-Security-Policy": POLICY}
        return web.Response(body=body, headers=headers)
