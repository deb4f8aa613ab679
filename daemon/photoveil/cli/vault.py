"""``photoveil restore`` and ``vault``: through the daemon, or without it where it does not run."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from photoveil.api.runtime import AlreadyRunningError, InstanceLock
from photoveil.cli.daemon import if_running
from photoveil.cli.inputs import UsageError
from photoveil.cli.output import Exit, megabytes, moment, note, plural, printable, say, say_json
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths

if TYPE_CHECKING:
    from photoveil.ledger.vault import Vault

T = TypeVar("T")
_PAGE = 200
_CAUTION = (
    "Whoever has this key and the vault's folder can open your originals. Keep it where only you can read it."
)


class NoSuchOriginalError(PhotoveilError):
    """What was typed names no original, or more than one."""

    code = "unknown_original"


class KeyFormatError(PhotoveilError):
    """No key was given."""

    code = "no_key"


def restore(arguments: argparse.Namespace) -> int:
    """Bring an original back, or list what there is."""
    if arguments.list:
        if arguments.to:
            raise UsageError("--to needs an original", "--list only lists them.", "Name one of them.")
        arguments.limit = None
        return list_items(arguments)
    to = Path(arguments.to).expanduser().absolute() if arguments.to else None
    found = _chosen(_all(arguments.profile), arguments.item)
    told = _restored(arguments.profile, found["item"], to)
    if arguments.json:
        say_json(told)
        return Exit.OK
    say(f"Restored: {printable(told['path'])}")
    if told["beside"]:
        note("Another file is in its place, which was not touched.")
    return Exit.OK


def list_items(arguments: argparse.Namespace) -> int:
    """List the kept originals."""
    items = _all(arguments.profile, arguments.limit)
    if arguments.json:
        say_json(items)
        return Exit.OK
    if not items:
        say("The vault is empty: it keeps the originals of photos that are protected in place.")
    for one in items:
        back = f", restored {moment(one['restored'])}" if one["restored"] else ""
        say(
            f"{one['item']}  {printable(one['name'])}  ({megabytes(one['bytes'])}, {moment(one['created'])}{back})"
        )
        if one["path"]:
            say(f"    from {printable(one['path'])}")
    return Exit.OK


def verify(arguments: argparse.Namespace) -> int:
    """Decrypt every original."""
    items = _all(arguments.profile)
    bad = _with_vault(arguments.profile, lambda vault: vault.verify(), alone=False)
    if arguments.json:
        found = [{**_told(one.item), "detail": one.detail} for one in bad]
        say_json({"originals": len(items), "bad": found})
    else:
        for one in bad:
            say(f"{one.item.item}  {printable(one.item.name)}: its file {one.detail}")
        good = len(items) - len(bad)
        say(f"{plural(good, 'original')} can be restored" + (f", {len(bad)} cannot." if bad else "."))
    return Exit.FAILED if bad else Exit.OK


def export_key(arguments: argparse.Namespace) -> int:
    """Print the vault's key."""
    text = _with_vault(arguments.profile, lambda vault: vault.export_key(), alone=False)
    note(_CAUTION)
    say(text)
    return Exit.OK


def import_key(arguments: argparse.Namespace) -> int:
    """Take a key from a backup; never as an argument, which other users could see."""
    if sys.stdin.isatty():
        from getpass import getpass

        text = getpass("The vault's key (it is not shown): ")
    else:
        text = sys.stdin.read(4096)
    if not text.strip():
        raise KeyFormatError(
            "No key was given", "Nothing was typed.", "Give what `vault export-key` printed."
        )
    swept = _with_vault(arguments.profile, lambda vault: vault.import_key(text.strip()), alone=True)
    count = len(_all(arguments.profile))
    say(f"The key is in use: it opens {plural(count, 'original')}, {swept.recovered} of them found again.")
    return Exit.OK


def remove(arguments: argparse.Namespace) -> int:
    """Delete an original for good, after asking."""
    if not arguments.yes and not sys.stdin.isatty():
        note("There is no terminal to ask on. Run this in a terminal, or use --yes to remove without asking.")
        return Exit.USAGE
    found = _chosen(_all(arguments.profile), arguments.item)
    name = printable(found["name"])
    if not arguments.yes:
        note(f"The vault may be the only place where the original of “{name}” is left.")
        if input(f"Delete “{name}” for good? [y/N] ").strip().lower() not in ("y", "yes"):
            note("Nothing was deleted.")
            return Exit.FAILED
    client = if_running(arguments.profile)
    if client is not None:
        client.call("vault/remove", item=found["item"])
    else:
        _with_vault(arguments.profile, lambda vault: vault.remove(found["item"]), alone=True)
    say(f"“{name}” is no longer in the vault.")
    return Exit.OK


def _all(profile: str, limit: int | None = None) -> list[dict[str, Any]]:
    client = if_running(profile)
    if client is None:
        found = _with_vault(profile, lambda vault: vault.items(limit=limit or -1), alone=False)
        return [_told(one) for one in found]
    items: list[dict[str, Any]] = []
    more = True
    while more and (limit is None or len(items) < limit):
        before = {"before": items[-1]["item"]} if items else {}
        page = client.call(
            "vault", limit=_PAGE if limit is None else min(_PAGE, limit - len(items)), **before
        )
        items += page["items"]
        more = page["more"]
    return items


def _chosen(items: list[dict[str, Any]], typed: str) -> dict[str, Any]:
    """The original that was meant: its id, the only one whose id begins so, or the only one of that name."""
    for one in items:
        if one["item"] == typed:
            return one
    named = [one for one in items if typed in (one["name"], one["path"])]
    found = named or [one for one in items if one["item"].startswith(typed)]
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} originals are called so or begin so." if found else "No original is called so."
    raise NoSuchOriginalError(
        f"“{printable(typed)}” is not clear" if found else f"There is no original “{printable(typed)}”",
        many,
        "Use an id from `photoveil restore --list`.",
    )


def _restored(profile: str, item: str, to: Path | None) -> dict[str, Any]:
    client = if_running(profile)
    if client is not None:
        place = {} if to is None else {"to": str(to)}
        return client.call("vault/restore", item=item, **place)

    async def bring(vault: Vault) -> dict[str, Any]:
        from photoveil.ledger import vault_restore

        kept = await vault.find(item)
        wanted = vault_restore.place(kept.path, kept.name, to)
        path = await vault.restore(item, to)
        return {"path": str(path), "beside": path != wanted}

    return _with_vault(profile, bring, alone=True)


def _with_vault(profile: str, work: Callable[[Vault], Awaitable[T]], *, alone: bool) -> T:
    """Work on the vault in this process; ``alone``: no daemon may start or run meanwhile."""
    return asyncio.run(_opened(Paths.of(profile), work, alone))


async def _opened(paths: Paths, work: Callable[[Vault], Awaitable[T]], alone: bool) -> T:
    # All of this loads a database and a cryptography library.
    from photoveil import settings
    from photoveil.hub import Hub
    from photoveil.keys import KeyStore
    from photoveil.ledger.database import Database
    from photoveil.ledger.vault import Vault
    from photoveil.notices import Notices

    async with AsyncExitStack() as stack:
        paths.prepare()
        if alone:
            lock = InstanceLock(paths.lock_file)
            try:
                lock.acquire()
            except AlreadyRunningError as error:
                raise AlreadyRunningError(
                    "The daemon must not run for this",
                    "It works with the same vault.",
                    "Stop it with `photoveil stop`, do this again, and start it with `photoveil run`.",
                ) from error
            stack.callback(lock.release)
        chosen, _unknown = settings.load(paths.settings_file)
        database = await Database.open(paths.ledger_file)
        stack.push_async_callback(database.close)
        hub = Hub()
        keys = KeyStore(service=f"photoveil/{paths.profile}", file=paths.secrets_file)
        vault = Vault(database, paths.vault, keys, lambda: chosen.vault_mb << 20, hub, Notices(hub))
        stack.push_async_callback(vault.close)
        return await work(vault)


def _told(item: Any) -> dict[str, Any]:
    return {
        "item": item.item,
        "name": item.name,
        "path": None if item.path is None else str(item.path),
        "sha256": item.sha256,
        "bytes": item.bytes,
        "created": item.created,
        "restored": item.restored,
    }
