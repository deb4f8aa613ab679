"""Commands around the daemon itself and whoever talks to it."""

from __future__ import annotations

from photoveil.cli.grammar import Commands, Parser, add, whole


def add_commands(commands: Commands[Parser]) -> None:
    """``run`` to ``updates``."""
    _add_run(commands)
    _add_open(commands)
    add(
        commands,
        "status",
        "status",
        "status",
        "tell what the daemon does, what waits and what needs your attention",
        json=True,
    )
    _add_pause(commands)
    add(commands, "resume", "status", "resume", "go on with the work in watched folders", json=True)
    _add_dashboard(commands)
    _add_logs(commands)
    add(commands, "stop", "daemon", "stop", "end the daemon")
    _add_pair(commands)
    _add_clients(commands)
    _add_browser_host(commands)
    _add_autostart(commands)
    _add_updates(commands)


def _add_run(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "run",
        "daemon",
        "run",
        "run the daemon in the foreground; browsers talk to it",
        examples="  photoveil run\n  photoveil run --no-tray\n  photoveil run --profile test --port 0\n",
    )
    command.add_argument(
        "--port",
        type=whole(0, 65535, "a port"),
        metavar="N",
        help="listen here instead of 47610 to 47614 (0: any)",
    )
    _add_no_tray(command)
    command.add_argument(
        "--login",
        action="store_true",
        help="as at login: open the first-run page if it never was, and end quietly where the daemon runs already",
    )


def _add_open(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "open",
        "daemon",
        "open_",
        "open the dashboard, and run the daemon if it does not run; what the icon in your desktop's menu does",
        examples="  photoveil open\n",
    )
    _add_no_tray(command)
    command.set_defaults(port=None)


def _add_no_tray(command: Parser) -> None:
    command.add_argument("--no-tray", action="store_true", help="do without the icon in the desktop's tray")


def _add_pause(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "pause",
        "status",
        "pause",
        "hold back the work in watched folders; what you upload is protected all the same",
        json=True,
        examples="  photoveil pause 60\n  photoveil pause\n",
    )
    command.add_argument(
        "minutes",
        nargs="?",
        type=whole(1, 10_080, "MINUTES"),
        metavar="MINUTES",
        help="for so long, a week at most (default: until `photoveil resume`)",
    )


def _add_dashboard(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "dashboard",
        "daemon",
        "dashboard",
        "open the dashboard in your browser, signed in",
        examples="  photoveil dashboard\n  photoveil dashboard --print\n",
    )
    command.add_argument(
        "--print",
        dest="print_only",
        action="store_true",
        help="print the address instead; it opens once, within a minute",
    )


def _add_logs(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "logs",
        "logs",
        "logs",
        "show the daemon's log; it names no photos unless the setting log_level is “debug”",
        examples="  photoveil logs -n 200\n  photoveil logs -f\n",
        json=True,
    )
    command.add_argument("-f", "--follow", action="store_true", help="go on showing what is added")
    command.add_argument(
        "-n",
        "--lines",
        type=whole(0, 1_000_000, "a count of lines"),
        default=50,
        metavar="N",
        help="so many of the last lines (default: %(default)s)",
    )


def _add_pair(commands: Commands[Parser]) -> None:
    command = add(
        commands, "pair", "pairing", "pair", "connect a browser: shows a code to type into the extension"
    )
    command.add_argument(
        "--yes", action="store_true", help="accept the browser that knows the code without asking"
    )


def _add_clients(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "clients",
        "pairing",
        "clients",
        "list the connected browsers and open dashboards, or disconnect one",
        json=True,
    )
    command.add_argument("--revoke", metavar="ID", help="disconnect the one with this id")


def _add_browser_host(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "browser-host",
        "browser_host",
        "browser_host",
        "answer the extension that a package put into the browser; browsers start this, nobody else needs it",
    )
    command.add_argument("caller", nargs="*", metavar="CALLER", help="what browsers add: who asks")


def _add_autostart(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "autostart",
        "autostart",
        "autostart",
        "start Photoveil when you log in, or not; or tell whether it does",
        examples="  photoveil autostart on\n  photoveil autostart status\n",
        json=True,
    )
    command.add_argument(
        "wish", nargs="?", choices=("on", "off", "status"), default="status", help="(default: %(default)s)"
    )


def _add_updates(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "updates",
        "updates",
        "updates",
        "tell whether there is a newer version, as far as is known; nobody is asked unless you say so",
        examples="  photoveil settings set update_check on\n  photoveil updates --check\n",
        json=True,
    )
    command.add_argument(
        "--check", action="store_true", help="ask now, at the address of the setting update_url"
    )
