"""What the real child does beside protecting: it seals, takes marks off, and tells what a photo gives away."""

from __future__ import annotations

import contextlib
import io
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from photoveil.api import seal_verbs, tool_table
from photoveil.api.schema import check
from photoveil.seal import SealKey, wraps
from photoveil.seal.errors import RevokedKeyError
from photoveil.worker import tools
from photoveil.worker.frames import read_frame
from photoveil.worker.outlet import Order, Outlet
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import ChildError, WorkerCrashed

PLAIN: dict[str, Any] = {"name": "at-home.jpg"}


def drawn(path: Path, kind: str, format: str = "JPEG") -> Path:
    """A drawn person whose photo gives away one kind of fact."""
    spec = sample_photo(sample_persona(7), 70, kind)
    Image.fromarray(render(spec, 960, 720)).save(path, format, quality=92)
    return path


def remembered(pid: int, secrets_: list[bytes]) -> bool:
    """Whether a process has one of these anywhere in its memory, as bytes or in hexadecimal."""
    wanted = [form for one in secrets_ for form in (one, one.hex().encode())]
    with open(f"/proc/{pid}/mem", "rb") as memory:  # noqa: PTH123 - not to be read whole
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            if not rights.startswith("rw"):
                continue
            with contextlib.suppress(OSError):
                memory.seek(start)
                part = memory.read(end - start)
                if any(one in part for one in wanted):
                    return True
    return False


def test_the_parent_answers_once_and_only_with_what_opens_one_photo() -> None:
    key = SealKey("me", secrets.token_bytes(16))
    wrapped = wraps.wrap([key])
    frame = wraps.encrypted(bytes(40), wrapped)
    answer = seal_verbs.opener([key])
    assert answer({"frame": frame.hex()}) == {"key": "me", "content": wrapped.content.told.hex()}
    assert answer({"frame": frame.hex()}) == {"tried": 1}
    for nonsense in ("", "zz", "ab" * 5000, "abc", 7, None, frame[:90].hex(), (frame + b"x").hex()):
        assert seal_verbs.opener([key])({"frame": nonsense}) == {"tried": 1}
    with pytest.raises(RevokedKeyError):
        seal_verbs.wrapped_for([key, SealKey("old", secrets.token_bytes(16), revoked=True)])
    told = seal_verbs.wrapped_for([key])
    assert key.secret.hex() not in "".join(told.values())


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory where Linux shows it")
async def test_one_child_seals_unseals_and_tells_what_a_photo_gives_away(tmp_path: Path) -> None:
    worker = Worker(personas=tmp_path / "personas")
    photo = drawn(tmp_path / "photo.jpg", "workplace")
    try:
        told = await worker.tool("exposure", photo, PLAIN)
        check(tool_table.EXPOSURE, told)
        assert told["model_set"] == "starter"
        assert "workplace" in {reading["kind"] for reading in told["readings"] if reading["shows"]}

        me = SealKey("me", secrets.token_bytes(16))
        others = [SealKey(str(n), secrets.token_bytes(16)) for n in range(3)]
        mark = {"text": "© Anna", "position": "auto", "tiling": False, "size": "large", "tone": "dark"}
        sealed = tmp_path / "sealed.jpg"
        wishes = {
            **PLAIN,
            "mark": mark,
            **seal_verbs.wrapped_for([me, *others]),
            "metadata": "strip-location",
        }
        facts = await worker.tool("seal", photo, wishes, sealed)
        assert (facts["name"], facts["bytes"]) == ("at-home.jpg", sealed.stat().st_size)
        clean = tmp_path / "clean.jpg"
        quick = {**PLAIN, "thorough": False}
        found = await worker.tool("unseal", sealed, quick, clean, seal_verbs.opener([*others, me][1:]))
        assert (found["key"], found["state"]) == ("1", "recompressed")
        assert worker.pid is not None
        assert not remembered(worker.pid, [key.secret for key in (me, *others)])
        assert remembered(worker.pid, [b"photoveil.worker.tools"])
        with Image.open(clean) as image:
            assert image.size == (960, 720)

        with pytest.raises(ChildError) as refused:
            await worker.tool("unseal", photo, quick, clean, seal_verbs.opener([me]))
        assert refused.value.as_dict()["code"] == "seal_none"
        for keys in ([], [SealKey("stranger", secrets.token_bytes(16))]):
            with pytest.raises(ChildError) as refused:
                await worker.tool("unseal", sealed, quick, clean, seal_verbs.opener(keys))
            assert refused.value.as_dict()["code"] == "seal_key"
        moving = tmp_path / "moving.gif"
        frames = [Image.new("RGB", (16, 16), (40 * n, 0, 0)) for n in range(3)]
        frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
        with pytest.raises(ChildError) as refused:
            await worker.tool("exposure", moving, PLAIN)
        assert refused.value.as_dict()["code"] == "photo-unsupported"
    finally:
        await worker.close()


def test_what_nobody_foresaw_is_told_of_what_was_asked() -> None:
    said = io.BytesIO()
    order = Order({"tool": "unseal", "options": {}}, b"", Outlet(said))
    with pytest.raises(KeyError) as gone:
        tools.do(order)
    for error in (gone.value, MemoryError()):
        said.seek(0)
        said.truncate()
        order.outlet.fail(error)
        said.seek(0)
        frame = read_frame(said)
        assert frame is not None
        assert frame[0]["error"]["title"] == "The mark could not be taken off"


async def test_a_child_that_ends_is_told_of_what_was_asked(tmp_path: Path) -> None:
    worker = Worker(personas=tmp_path / "personas", command=(sys.executable, "-c", ""))
    try:
        with pytest.raises(WorkerCrashed) as ended:
            await worker.tool("seal", drawn(tmp_path / "photo.jpg", "pet"), PLAIN)
        assert ended.value.title == "The photo could not be sealed"
    finally:
        await worker.close()
