"""``photoveil folders``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from photoveil.cli.choices import settings_file, wishes
from photoveil.cli.daemon import connect, if_running
from photoveil.cli.inputs import FileError, UsageError
from photoveil.cli.output import Exit, moment, note, printable, say, say_json
from photoveil.settings import FolderRule, SettingsFile

_RULE = ("persona", "strength", "method", "output", "mirror", "recursive", "keep_originals", "polling")
_SHOWN = (*_RULE, "enabled")
_MODES = {
    "events": "watched",
    "polling": "looked through from time to time",
    "missing": "not there now",
    "off": "switched off",
}
_OUTPUTS = {
    "beside": "copies go into “Protected” beside the photos",
    "mirror": "copies go to {mirror}",
    "in-place": "copies replace the photos, whose originals the vault keeps",
}


def list_folders(arguments: argparse.Namespace) -> int:
    """List the watched folders."""
    client = if_running(arguments.profile)
    if client is not None:
        found = client.call("folders")["folders"]
    else:
        found = [_as_dict(rule) for rule in settings_file(arguments.profile).read()[0].folders]
    if arguments.json:
        say_json(found)
        return Exit.OK
    if not found:
        say("No folder is watched. Add one with `photoveil folders add`.")
    for folder in found:
        _say_folder(folder)
    if found and client is None:
        note("The daemon is not running, so nothing is watched at the moment. Start it with `photoveil run`.")
    return Exit.OK


def add_folder(arguments: argparse.Namespace) -> int:
    """Watch a folder."""
    path = _absolute(arguments.path)
    asked = _asked(arguments)
    client = if_running(arguments.profile)
    if client is not None:
        folder = client.call("folders/add", path=str(path), **asked)["folder"]
    else:
        folder = _add_to_file(settings_file(arguments.profile), path, asked)
    return _done(arguments, folder, f"{path} is watched from now on.", running=client is not None)


def change_folder(arguments: argparse.Namespace) -> int:
    """Treat a watched folder differently."""
    asked = _asked(arguments, "enabled")
    if not asked:
        raise UsageError(
            "Nothing to change", "No option was given.", "See `photoveil folders change --help`."
        )
    client = if_running(arguments.profile)
    if client is not None:
        folder = _id(client.call("folders")["folders"], arguments.folder)
        client.call("folders/change", folder=folder, **asked)
    else:
        file = settings_file(arguments.profile)
        rule = _rule(file, arguments.folder)
        folder = file.put_folder(replace(rule, **_typed(asked)))[0].id
    return _done(
        arguments, folder, "The folder is treated differently from now on.", running=client is not None
    )


def remove_folder(arguments: argparse.Namespace) -> int:
    """Watch a folder no longer."""
    client = if_running(arguments.profile)
    if client is not None:
        client.call("folders/remove", folder=_id(client.call("folders")["folders"], arguments.folder))
    else:
        file = settings_file(arguments.profile)
        file.remove_folder(_rule(file, arguments.folder).id)
    say("The folder is watched no longer; its files are as they were.")
    return Exit.OK


def rescan(arguments: argparse.Namespace) -> int:
    """Look through one folder or all."""
    _runtime, client = connect(arguments.profile)
    found = client.call("folders")["folders"]
    if not found:
        raise _unknown("No folder is watched.")
    one = {"folder": _id(found, arguments.folder)} if arguments.folder else {}
    client.call("folders/rescan", **one)
    say("The photos there are looked through now; `photoveil folders list` tells how far it is.")
    return Exit.OK


def _asked(arguments: argparse.Namespace, *more: str) -> dict[str, Any]:
    asked = wishes(arguments, *_RULE, *more)
    if asked.get("mirror") is not None:
        asked["mirror"] = str(_absolute(str(asked["mirror"])))
        asked.setdefault("output", "mirror")
    elif asked.get("output") in ("beside", "in-place"):
        asked["mirror"] = None
    return asked


def _typed(asked: dict[str, Any]) -> dict[str, Any]:
    """As a rule holds it: a path is a path."""
    mirror = asked.get("mirror")
    return {**asked, "mirror": Path(mirror)} if mirror is not None else asked


def _add_to_file(file: SettingsFile, path: Path, asked: dict[str, Any]) -> str:
    if not path.is_dir():
        raise FileError(
            "There is no such folder", f"{path} is no folder.", "Check the path, or make the folder."
        )
    if any(rule.path == path.resolve() for rule in file.read()[0].folders):
        raise FileError(
            "This folder is watched already", f"{path} has its rule.", "Use `photoveil folders change`."
        )
    return file.put_folder(FolderRule(path, **_typed(asked)))[0].id


def _done(arguments: argparse.Namespace, folder: str, text: str, *, running: bool) -> int:
    if arguments.json:
        say_json({"folder": folder})
        return Exit.OK
    say(printable(text))
    if not running:
        note("The daemon is not running; it takes this up when it starts (`photoveil run`).")
    return Exit.OK


def _id(found: list[dict[str, Any]], typed: str) -> str:
    paths = _spellings(typed)
    for folder in found:
        if typed == folder["folder"] or folder["path"] in paths:
            return str(folder["folder"])
    raise _unknown(f"“{printable(typed)}” is not watched.")


def _rule(file: SettingsFile, typed: str) -> FolderRule:
    paths = _spellings(typed)
    for rule in file.read()[0].folders:
        if typed == rule.id or str(rule.path) in paths:
            return rule
    raise _unknown(f"“{printable(typed)}” is not watched.")


def _spellings(typed: str) -> set[str]:
    path = _absolute(typed)
    return {str(path), str(path.resolve())}


def _absolute(typed: str) -> Path:
    return Path(typed).expanduser().absolute()


def _unknown(reason: str) -> FileError:
    return FileError("There is no such watched folder", reason, "See `photoveil folders list`.")


def _as_dict(rule: FolderRule) -> dict[str, Any]:
    told = {"folder": rule.id, "path": str(rule.path)} | {name: getattr(rule, name) for name in _SHOWN}
    told["mirror"] = None if rule.mirror is None else str(rule.mirror)
    return told


def _say_folder(folder: dict[str, Any]) -> None:
    say(f"{folder['folder']}  {printable(folder['path'])}")
    output = _OUTPUTS[folder["output"]].format(mirror=printable(folder["mirror"] or ""))
    own = [printable(folder[name]) for name in ("persona", "strength", "method") if folder[name]]
    depth = "" if folder["recursive"] else "; folders within are left out"
    say(f"    {output}{depth}" + (f"; {', '.join(own)}" if own else ""))
    if "mode" not in folder:
        return
    counts = f"{folder['protected']} protected, {folder['waiting']} waiting"
    counts += f", {folder['failed']} failed" if folder["failed"] else ""
    counts += f", {folder['unchanged']} passed on unchanged" if folder["unchanged"] else ""
    say(
        f"    {_MODES.get(folder['mode'], folder['mode'])}; {counts}; looked through {moment(folder['last_scan'])}"
    )
    problem = folder["problem"]
    if problem:
        told = (printable(str(problem.get(part, ""))) for part in ("title", "reason", "remedy"))
        say("    " + "\n      ".join(told))
