"""Manual pages and shell completion, written from the commands' own grammar, so that they cannot say anything else."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from photoveil import __version__
from photoveil.cli import parser
from photoveil.install.__main__ import grammar

Parser = argparse.ArgumentParser

_FILES = """\
.SH FILES
.TP
.I ~/.config/photoveil/default/settings.toml
what you chose
.TP
.I ~/.local/share/photoveil/default/
the list of protected photos, personas, and the vault with encrypted originals
.TP
.I ~/.local/share/photoveil/models/
downloaded model sets
.TP
.I ~/.local/state/photoveil/
logs
.TP
.I ~/.local/lib/photoveil/
the environment, made by \\fBphotoveil\\-setup\\fR(1); it can be deleted at any time
.TP
.I /var/lib/photoveil/environment/
the same for all users of the machine (\\fBphotoveil\\-setup \\-\\-system\\fR)
"""


def pages(epoch: int) -> dict[str, str]:
    """Every manual page of section 1, by its name."""
    return {
        "photoveil": _page(
            parser(), "protects photos before they leave this computer", epoch, "photoveil\\-setup"
        ),
        "photoveil-setup": _page(grammar(), "sets up the environment of Photoveil", epoch, "photoveil"),
    }


def completion() -> str:
    """For bash: commands, their commands, and options."""
    cases = []
    for words, command in sorted(_commands(parser())):
        found = [option for action in command._actions for option in action.option_strings]
        found += [name for name, _ in _below(command)]
        cases.append(f'    "{" ".join(words)}") words="{" ".join(found)}" ;;')
    setup = " ".join(option for action in grammar()._actions for option in action.option_strings)
    return _COMPLETION.replace("@CASES@", "\n".join(cases)).replace("@SETUP@", setup)


_COMPLETION = """\
# bash completion for photoveil; generated from its commands
_photoveil() {
  local current=${COMP_WORDS[COMP_CWORD]} said="" word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) said="$said${said:+ }$word" ;; esac
  done
  while :; do
    words=
    case $said in
@CASES@
    esac
    [[ -n $words || -z $said ]] && break
    # Not a command but what it is given: what is known of the command before it holds.
    [[ $said == *" "* ]] && said=${said% *} || said=
  done
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ $current == -* ]] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
}
_photoveil_setup() {
  mapfile -t COMPREPLY < <(compgen -W "@SETUP@" -- "${COMP_WORDS[COMP_CWORD]}")
  [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || mapfile -t COMPREPLY < <(compgen -d -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o filenames -F _photoveil photoveil
complete -o filenames -F _photoveil_setup photoveil-setup
"""


def _page(top: Parser, summary: str, epoch: int, also: str) -> str:
    name = _roff(top.prog)
    day = datetime.fromtimestamp(epoch, UTC).date().isoformat()
    parts = [
        f'.TH {top.prog.upper()} 1 {day} "Photoveil {__version__}" "User Commands"\n.nh\n.ad l',
        f".SH NAME\n{name} \\- {summary}",
        f".SH SYNOPSIS\n.B {name}\n{_roff(_usage(top))}",
        f".SH DESCRIPTION\n{_roff(top.description or '')}",
    ]
    if options := _options(top):
        parts.append(f".SH OPTIONS\n{options}")
    commands = [_command(words, command, text) for words, command, text in _told(top)]
    if commands:
        parts.append(".SH COMMANDS\n" + "\n".join(commands))
    if top.epilog:
        parts += [f".SH {title.upper()}\n.nf\n{_roff(body)}\n.fi" for title, body in _sections(top.epilog)]
    return "\n".join([*parts, _FILES.rstrip(), f".SH SEE ALSO\n.BR {also} (1)"]) + "\n"


def _command(words: tuple[str, ...], command: Parser, text: str) -> str:
    lines = [f".SS {_roff(' '.join(words))} {_roff(_usage(command))}".rstrip(), _roff(text)]
    return "\n".join([*lines, *([_options(command)] if _options(command) else [])])


def _options(command: Parser) -> str:
    told = []
    for action in command._actions:
        known_everywhere = isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
        if known_everywhere or action.help in (None, argparse.SUPPRESS):
            continue
        names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = "" if action.nargs == 0 or not action.option_strings else f" {_value(action)}"
        text = command._get_formatter()._expand_help(action)
        told.append(f".TP\n.B {_roff(names + value)}\n{_roff(text)}")
    return "\n".join(told)


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(str(choice) for choice in action.choices) + "}"
    return str(action.metavar or action.dest.upper())


def _usage(command: Parser) -> str:
    usage = " ".join(command.format_usage().removeprefix("usage: ").split())
    return usage.removeprefix(command.prog).strip()


def _sections(epilog: str) -> Iterator[tuple[str, str]]:
    for block in epilog.strip().split("\n\n"):
        title, _, body = block.partition(":")
        yield title, body.strip("\n")


def _told(top: Parser) -> Iterator[tuple[tuple[str, ...], Parser, str]]:
    for words, command in _commands(top):
        if words and not list(_below(command)):
            yield words, command, command.description or ""


def _commands(top: Parser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Parser]]:
    yield words, top
    for name, command in _below(top):
        yield from _commands(command, (*words, name))


def _below(command: Parser) -> Iterator[tuple[str, Parser]]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _roff(text: str) -> str:
    """Plain text as roff reads it: hyphens that can be copied, no line taken for a request."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", safe, flags=re.MULTILINE)
