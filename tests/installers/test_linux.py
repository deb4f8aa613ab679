"""The Debian package: what is in it, what Debian's own tools say, and what the launchers and its scripts do."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from photoveil.install.environment import release_of
from tests.installers.linux import APP, LINUX, ROOT, User, build, for_linux, says
from tests.installers.tools import needs

pytestmark = for_linux


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("deb", tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def tree(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], check=True)
    return folder


@needs("lintian")
def test_lintian_finds_no_error_and_nothing_to_warn_of(deb: Path) -> None:
    code, said = says("lintian", "--allow-root", "--tag-display-limit", "0", str(deb))
    assert [line for line in said.splitlines() if line.startswith(("E:", "W:"))] == []
    assert code == 0, said


@needs("desktop-file-validate")
def test_the_desktop_entries_are_valid(tree: Path) -> None:
    for entry in (f"usr/share/applications/{APP}.desktop", "etc/xdg/autostart/photoveil.desktop"):
        assert says("desktop-file-validate", str(tree / entry)) == (0, "")
    read = configparser.RawConfigParser()
    read.read(tree / "etc/xdg/autostart/photoveil.desktop")
    assert read["Desktop Entry"]["exec"] == "/usr/bin/photoveil run --login"
    assert read["Desktop Entry"]["tryexec"] == "/usr/bin/photoveil"


@needs("appstreamcli")
def test_the_metainfo_is_valid(tree: Path) -> None:
    code, said = says(
        "appstreamcli", "validate", "--no-net", str(tree / f"usr/share/metainfo/{APP}.metainfo.xml")
    )
    assert code == 0, said


@needs("systemd-analyze")
def test_systemd_has_nothing_to_say_about_the_unit(tree: Path, tmp_path: Path) -> None:
    """It exits with 0 also on keys it does not know, so its words count."""
    unit = tmp_path / "photoveil.service"
    text = (tree / "usr/lib/systemd/user/photoveil.service").read_text()
    unit.write_text(text.replace("/usr/bin/photoveil", str(tree / "usr/bin/photoveil")))
    verify = ("systemd-analyze", "--user", "--man=no", "verify", str(unit))
    assert says(*verify, XDG_RUNTIME_DIR=str(tmp_path)) == (0, "")
    unit.write_text(unit.read_text() + "\nNoSuchKey=yes\n")
    assert "NoSuchKey" in says(*verify, XDG_RUNTIME_DIR=str(tmp_path))[1]


@needs("man")
def test_the_manual_names_every_command(tree: Path) -> None:
    pages = tree / "usr/share/man/man1"
    for page in ("photoveil", "photoveil-setup"):
        done = subprocess.run(
            ["man", "--warnings", "-E", "UTF-8", "-l", str(pages / f"{page}.1.gz")],
            capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert done.stderr == ""
        if page == "photoveil":
            for command in ("protect", "folders add", "pair", "doctor", "open"):
                assert f"\n   {command} " in done.stdout


def completed(tree: Path, *words: str) -> set[str]:
    script = """
source "$1"; shift
COMP_WORDS=(photoveil "$@"); COMP_CWORD=$#
_photoveil; printf '%s\n' "${COMPREPLY[@]}"
"""
    file = str(tree / "usr/share/bash-completion/completions/photoveil")
    done = subprocess.run(
        ["bash", "-eu", "-c", script, "bash", file, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=tree,
    )
    return set(done.stdout.split())


def test_the_shell_completes_commands_options_and_files(tree: Path) -> None:
    assert {"protect", "folders", "status"} <= completed(tree, "")
    assert completed(tree, "prot") == {"protect"}
    assert {"add", "list", "remove"} <= completed(tree, "folders", "")
    assert "--strength" in completed(tree, "protect", "a.jpg", "--str")
    assert "usr" in completed(tree, "protect", "us")


def test_icons_in_every_size_and_no_file_that_is_not_everybodys(deb: Path, tree: Path) -> None:
    theme = tree / "usr/share/icons/hicolor"
    sizes = {path.parts[-3] for path in theme.rglob(f"{APP}.*")}
    assert sizes == {"scalable", *(f"{size}x{size}" for size in (16, 22, 24, 32, 48, 64, 96, 128, 256, 512))}
    listed = subprocess.run(["dpkg-deb", "-c", str(deb)], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root"
        assert mode in ("drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"), line


def test_it_holds_the_wheel_it_names_and_both_extensions(tree: Path) -> None:
    share = tree / "usr/share/photoveil"
    (wheel,) = share.glob("*.whl")
    assert (share / "release").read_text() == release_of(wheel) + "\n"
    for browser in ("chromium", "firefox"):
        manifest = json.loads((share / "extension" / browser / "manifest.json").read_text())
        assert manifest["manifest_version"] == 3
        assert len(list((share / "extension").glob(f"photoveil-{browser}-*"))) == 1


# What it puts into the system's browsers


def test_the_systems_browsers_get_the_extension_and_may_start_its_program(deb: Path, tree: Path) -> None:
    """Both browsers' folders, each named to its browser, and a program that they start for these two and no other."""
    system = tree / "usr/share/photoveil/extension/system"
    link = (
        tree / "usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/extension@photoveil.app"
    )
    assert link.resolve() == (system / "firefox").resolve()
    for browser in ("chromium", "firefox"):
        ours = json.loads((system / browser / "manifest.json").read_text())
        by_hand = json.loads(
            (tree / f"usr/share/photoveil/extension/{browser}" / "manifest.json").read_text()
        )
        assert ours.pop("permissions") == [*by_hand.pop("permissions"), "nativeMessaging"]
        script = {"matches": ["http://127.0.0.1/*"], "js": ["content/first_run.js"]}
        assert ours.pop("content_scripts") == [*by_hand.pop("content_scripts"), script]
        assert ours == by_hand
        assert (system / browser / "content/first_run.js").is_file()
    for folder, callers in (
        ("etc/chromium", ("allowed_origins", "chrome-extension://kehfcanlpilealccenamjiponjcalnpl/")),
        ("usr/lib/mozilla", ("allowed_extensions", "extension@photoveil.app")),
    ):
        told = json.loads((tree / folder / "native-messaging-hosts/app.photoveil.browser.json").read_text())
        assert told["name"] == "app.photoveil.browser"
        assert f"'{told['name']}'" in (ROOT / "extension/background/provided.js").read_text()
        assert told[callers[0]] == [callers[1]]
        program = tree / told["path"].lstrip("/")
        assert os.access(program, os.X_OK)
        assert says("dash", "-n", str(program)) == (0, "")
    control = subprocess.run(
        ["dpkg-deb", "-I", str(deb), "conffiles"], capture_output=True, text=True, check=True
    )
    kept = {f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file()}
    assert set(control.stdout.split()) == kept  # what an administrator may change, and a purge takes away


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" --a", " --a --load-extension=HERE"),
        (" --a --load-extension= --b", " --a --load-extension=HERE, --b"),
        (" --load-extension=/u/block --b", " --load-extension=HERE,/u/block --b"),
        ("--load-extension=/x --load-extension=/y", "--load-extension=/x --load-extension=HERE,/y"),
    ],
)
def test_chromium_loads_it_beside_what_it_loads_already(
    tree: Path, tmp_path: Path, before: str, after: str
) -> None:
    """The last --load-extension counts. Removed but not purged, the file stays and does nothing."""
    script = (tree / "etc/chromium.d/photoveil").read_text()
    folder = "/usr/share/photoveil/extension/system/chromium"
    here = tmp_path / "chromium"
    (tmp_path / "read").write_text(script.replace(folder, str(here)))
    run = ("sh", "-eu", "-c", '. "$0"; printf %s "$CHROMIUM_FLAGS"', str(tmp_path / "read"))
    assert says(*run, CHROMIUM_FLAGS=before) == (0, before)
    here.mkdir()
    (here / "manifest.json").touch()
    assert says(*run, CHROMIUM_FLAGS=before) == (0, after.replace("HERE", str(here)))


# The launchers, as they lie in the package, with an environment that stands in for the real one


@pytest.fixture
def user(tree: Path, tmp_path: Path) -> User:
    return User(tree / "usr", tmp_path)


def test_what_is_set_up_is_started_and_told_where_things_are(user: User) -> None:
    user.has(user.release)
    share = user.base / "share/photoveil"
    told = f"{user.base}/bin/photoveil|{share}/extension|folders add a b\n"
    assert user.calls("folders", "add", "a b") == (0, told)
    assert user.calls("run", "--login")[1].endswith("|run --login\n")


def test_without_an_environment_it_says_so_and_log_in_stays_quiet(user: User) -> None:
    for words in (("status",), ("open",), ("run",)):
        code, said = user.calls(*words)
        assert code == 1
        assert "photoveil-setup" in said
    assert user.calls("run", "--login") == (0, "")
    assert user.calls("run", "--login", DISPLAY=":0") == (0, "")
    assert not user.mine.exists()


def test_an_environment_whose_python_is_gone_is_none(user: User) -> None:
    user.has(user.release)
    python = user.mine / "venv/bin/python3"
    python.unlink()
    python.symlink_to("/usr/bin/python3.0")
    assert user.calls("status")[0] == 1


def test_an_older_one_serves_until_it_is_brought_up_to_date(user: User) -> None:
    user.has("0.0.1 0123456789abcdef")
    code, said = user.calls("status")
    assert code == 0
    assert "the release before" in said
    assert said.endswith("|status\n")
    # A start tries to bring it up to date; where that fails (no network, no packages), the older one is started.
    offline = {"PHOTOVEIL_WHEELS": str(user.home / "nowhere"), "PIP_CONFIG_FILE": os.devnull}
    code, said = user.calls("run", "--login", **offline)
    assert code == 0
    assert said.endswith("|run --login\n")
    assert (user.mine / "release").read_text() == "0.0.1 0123456789abcdef\n"


def test_where_somebody_stands_nothing_is_imported_from(user: User, tmp_path: Path) -> None:
    """Root, too, stands in folders that others write."""
    for name in ("argparse", "json", "photoveil"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else ran this')\n")
    setup = subprocess.run(
        [str(user.base / "bin/photoveil-setup"), "--check"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert setup.returncode == 1, setup.stderr
    assert setup.stdout.startswith("not set up: ")


def test_only_root_sets_up_for_all_users(user: User, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    code, said = says("sh", str(user.base / "bin/photoveil-setup"), "--system", PATH=path)
    assert code == 1
    assert "sudo photoveil-setup --system" in said


# What the maintainer's scripts do with users' folders


@pytest.fixture
def script(deb: Path, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """A script of the package, with a user database of one user whose home is here; who acts as whom is noted."""
    control = tmp_path / "control"
    subprocess.run(["dpkg-deb", "-e", str(deb), str(control)], check=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    home = tmp_path / "home"
    (tools / "getent").write_text(f"#!/bin/sh\necho anna:x:1000:1000::{home}:/bin/sh\n")
    (tools / "getent").chmod(0o755)
    (tools / "runuser").write_text(
        f'#!/bin/sh\nif (exec </dev/tty) 2>/dev/null; then echo "has a terminal" >>{tmp_path}/calls; fi\n'
        f'echo "$*" >>{tmp_path}/calls\nshift 3\nexec "$@"\n'
    )
    (tools / "runuser").chmod(0o755)

    def run(name: str, *words: str) -> tuple[int, str]:
        return says("sh", str(control / name), *words, PATH=f"{tools}:{os.environ['PATH']}")

    return run


def test_removal_names_what_stays_and_touches_nothing(
    script: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    vault = tmp_path / "home/.local/share/photoveil/default/vault"
    vault.mkdir(parents=True)
    (vault / "original").write_text("only here")
    code, said = script("postrm", "remove")
    assert code == 0
    assert str(tmp_path / "home/.local/share/photoveil") in said
    assert (vault / "original").read_text() == "only here"
    for words in (("upgrade", "0.2"), ("failed-upgrade", "0.2"), ("abort-install",)):
        assert script("postrm", *words) == (0, "")


def test_what_runs_as_a_user_has_neither_roots_terminal_nor_its_variables(
    script: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """It is the user's own program: who has a terminal can type into it, and root's shell would obey."""
    run = tmp_path / "home/.local/share/photoveil/my work/run"
    run.mkdir(parents=True)
    (run / "runtime.json").write_text("{}")
    program = tmp_path / "home/.local/lib/photoveil/venv/bin/photoveil"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nenv >{tmp_path}/environ\necho "$@" >{tmp_path}/words\n')
    program.chmod(0o755)
    arguments = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]
    control = tmp_path / "control" / "prerm"
    path = f"{tmp_path}/tools:{os.environ['PATH']}"
    assert says(*arguments, "sh", str(control), "remove", PATH=path, SECRET_OF_ROOT="x")[0] == 0
    assert (tmp_path / "words").read_text() == "stop --profile my work\n"
    told = dict(line.split("=", 1) for line in (tmp_path / "environ").read_text().splitlines())
    assert {name for name in told if name not in ("PWD", "SHLVL", "_")} == {"PATH", "LANG", "HOME"}
    assert told["HOME"] == str(tmp_path / "home")
    calls = (tmp_path / "calls").read_text()
    assert calls.startswith("-u anna -- env -i ")
    assert "has a terminal" not in calls
    assert script("prerm", "upgrade", "0.2") == (0, "")


def test_every_script_is_plain_shell(deb: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-e", str(deb), str(tmp_path / "control")], check=True)
    scripts = [tmp_path / "control" / name for name in ("config", "prerm", "postinst", "postrm")]
    scripts += [*(LINUX / "package").glob("photoveil*"), LINUX / "package" / "install.sh"]
    for file in scripts:
        if file.read_text().startswith("#!/bin/sh"):
            assert says("dash", "-n", str(file)) == (0, "")
    assert "rm -rf" not in (tmp_path / "control" / "prerm").read_text()
