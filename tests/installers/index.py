"""Small packages that pip takes for real ones, and an index of them that hangs up."""

from __future__ import annotations

import base64
import hashlib
import http.server
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

ENGINE = "photoveil/protection/engine.py"
TORCH = {"torch/__init__.py": "from torch import version\n__version__ = version.__version__\n"}
PACKAGE = {
    "photoveil/__init__.py": "",
    "photoveil/protection/__init__.py": "",
    ENGINE: "",
    "photoveil/cli.py": "def main():\n    print('photoveil 9')\n",
}


def wheel(folder: Path, name: str, version: str, files: dict[str, str], needs: str = "") -> Path:
    """A small wheel that pip takes for a package."""
    info = f"{name}-{version}.dist-info"
    extra = "Provides-Extra: heif\n"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    inside = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extra}{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if name == "photoveil":
        inside[f"{info}/entry_points.txt"] = "[console_scripts]\nphotoveil = photoveil.cli:main\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for file, text in inside.items():
            archive.writestr(file, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{file},sha256={digest},{len(text.encode())}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def torch_of(version: str, cuda: str = "", hip: str = "") -> dict[str, str]:
    """A torch that tells this of itself."""
    told = f"__version__ = {version!r}\ncuda = {cuda or None!r}\nhip = {hip or None!r}\n"
    return {**TORCH, "torch/version.py": told}


class Index(http.server.ThreadingHTTPServer):
    """A package index that hangs up on the set-up after so many bytes of an answer.

    Wheels in ``folder`` are at ``/simple``, those in a folder of it at that folder's name, as PyTorch's index has them.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.cut: Callable[[], int] = lambda: 1 << 30
        self.ranges: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Index

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        folder = self.server.folder if parts[0] == "simple" else self.server.folder / parts[0]
        if len(parts) == 2:
            self.list_files(folder, parts[0], parts[1])
            return
        file = folder / unquote(parts[-1].replace("%2F", ""))
        if not file.is_file():
            self.send_error(404)
            return
        body, start = file.read_bytes(), 0
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(found[1])
            self.server.ranges.append(found[0])
            if start >= len(body):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if self.command == "GET":
            ours = self.headers.get("User-Agent") == "photoveil-setup"
            self.wfile.write(body[start : start + self.server.cut()] if ours else body[start:])

    def list_files(self, folder: Path, place: str, name: str) -> None:
        files = [file for file in folder.glob("*.whl") if file.name.split("-")[0] == name]
        if not files:
            self.send_error(404)
            return
        links = "".join(
            f'<a href="/{place}/files/{quote(file.name)}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}">'
            f"{file.name}</a>"
            for file in files
        )
        body = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
