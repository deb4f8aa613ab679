"""A process that asks the ladder of key stores as the daemon does, with its loop watched.

Reads one wish a line (``rung``, ``look``, ``put NAME``, ``get NAME``, ``where NAME``, ``wait SECONDS``) and answers
each with a line of JSON: the answer, how long it took, and for how long the loop was held up meanwhile: in processor
time of its thread, which no other program takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from photoveil.keys import KeyStore, KeyStoreError


async def watch(lags: list[float]) -> None:
    while True:
        before = time.thread_time()
        await asyncio.sleep(0.005)
        lags.append(time.thread_time() - before)


async def serve(keys: KeyStore, wish: str, name: str) -> str | None:
    try:
        match wish:
            case "rung":
                return await keys.rung()
            case "look":
                return await keys.look_again()
            case "put":
                return await keys.put(name, name.encode())
            case "where":
                return await keys.where(name)
            case "wait":
                keys._timeout = float(name)
                return None
            case _:
                found = await keys.get(name)
                return found.decode() if found else None
    except KeyStoreError as error:
        return f"error: {error.code}"


async def main() -> None:
    keys = KeyStore(service="photoveil/test", file=Path(sys.argv[1]), timeout=float(sys.argv[2]), again=0.3)
    loop = asyncio.get_running_loop()
    lags: list[float] = []
    watching = asyncio.create_task(watch(lags))
    while line := await asyncio.to_thread(sys.stdin.readline):
        wish, _, name = line.strip().partition(" ")
        lags.clear()
        started = loop.time()
        answer = await serve(keys, wish, name)
        seconds = loop.time() - started
        await asyncio.sleep(0.01)
        sys.stdout.write(
            json.dumps({"answer": answer, "seconds": seconds, "lag": max(lags, default=0.0)}) + "\n"
        )
        sys.stdout.flush()
    watching.cancel()
    await keys.close()


if __name__ == "__main__":
    asyncio.run(main())
