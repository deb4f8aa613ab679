"""A release: the same bytes for everybody, a bill of what is in it, and sums that tell when a file is another one."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "installers" / "release"
RELEASE = FOLDER / "release.py"
PACKAGE = ROOT / "daemon" / "photoveil"

Bill = dict[str, Any]


def run(*words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """A script of the project, with what it said."""
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=False, **more
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a release of the working tree, and an installer that was there before."""
    out = tmp_path_factory.mktemp("release")
    version_here = re.findall(r'"([\d.]+)"', (PACKAGE / "__init__.py").read_text())[0]
    (out / f"photoveil_{version_here}_all.deb").write_bytes(b"as if built before")
    (out / "photoveil_0.0.9_all.deb").write_bytes(b"of an older version")
    done = run(RELEASE, "--working-tree", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(made: Path) -> Path:
    (path,) = made.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def bill(made: Path) -> Bill:
    (path,) = made.glob("*.cdx.json")
    told: Bill = json.loads(path.read_text("utf-8"))
    return told


def names(bill: Bill) -> dict[str, Bill]:
    """Components by name, as package indexes compare them."""
    return {part["name"].lower().replace("_", "-"): part for part in bill["components"]}


def test_nothing_half_made_is_left(made: Path) -> None:
    assert list(made.glob("*.part")) == []
    assert len(list(made.iterdir())) == 7  # wheel, zip, xpi, bill, sums and the two installers from before


def test_the_sums_are_those_that_sha256sum_checks(made: Path, tmp_path: Path) -> None:
    """Of this version's files, installers included; a changed byte is found."""
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    listed = [line.split("  ")[1] for line in (copy / "SHA256SUMS").read_text().splitlines()]
    assert listed == sorted(
        path.name for path in made.iterdir() if path.name not in ("SHA256SUMS", "photoveil_0.0.9_all.deb")
    )
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(check, cwd=copy, capture_output=True, check=False).returncode == 0
    (wheel,) = copy.glob("*.whl")
    changed = bytearray(wheel.read_bytes())
    changed[len(changed) // 2] ^= 1
    wheel.write_bytes(changed)
    told = subprocess.run(check, cwd=copy, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert f"{wheel.name}: FAILED" in told.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    shipped = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as package:
        assert package.testzip() is None
        held = {name for name in package.namelist() if ".dist-info/" not in name}
        assert held == shipped
        for entry in package.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.external_attr >> 16 == 0o100644


def test_the_wheel_installs_and_runs(wheel: Path, tmp_path: Path) -> None:
    """With pip, and from where it put it."""
    done = run(
        "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel
    )
    assert done.returncode == 0, done.stderr
    asked = run(
        "-P", "-m", "photoveil.cli", "--version", env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    )
    assert asked.stdout.strip() == f"photoveil {wheel.name.split('-')[1]}"
    place = run(
        "-P",
        "-c",
        "import photoveil; print(photoveil.__file__)",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert place.stdout.startswith(str(tmp_path))


def test_what_differs_between_two_wheels_is_named(wheel: Path, tmp_path: Path) -> None:
    """Else two builds could never be found to differ."""
    other = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as package, zipfile.ZipFile(other, "w") as changed:
        for entry in package.infolist():
            if entry.filename.endswith("photoveil/app.py"):
                changed.writestr(entry, package.read(entry) + b"\n# built elsewhere")
            else:
                changed.writestr(entry, package.read(entry))
    asked = "import sys; from pathlib import Path; import wheel; print(wheel.differences(*map(Path, sys.argv[1:])))"
    lines = run("-c", asked, wheel, other, env={**os.environ, "PYTHONPATH": str(FOLDER)}).stdout
    assert lines.count("\\n") + lines.count("photoveil/") == 1
    assert "photoveil/app.py" in lines
    assert (
        run("-c", asked, wheel, wheel, env={**os.environ, "PYTHONPATH": str(FOLDER)}).stdout.strip() == "[]"
    )


def test_the_bill_is_what_cyclonedx_calls_one(made: Path) -> None:
    # Seconds of grammars, that only the process which runs this test should read.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    (path,) = made.glob("*.cdx.json")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text("utf-8")) is None


def test_the_bill_lists_what_runs_in_the_versions_that_run(bill: Bill) -> None:
    """Every requirement and what it draws in; nothing that only tests, the lab or a release need."""
    listed = names(bill)
    for name in (
        "torch",
        "timm",
        "open-clip-torch",
        "aiohttp",
        "cryptography",
        "pillow",
        "pillow-heif",
        "multidict",
    ):
        assert listed[name]["version"] == version(name), name
        assert listed[name]["purl"].startswith(f"pkg:pypi/{name.replace('_', '-')}@")
    for name in (
        "pytest",
        "ruff",
        "mypy",
        "ray",
        "transformers",
        "matplotlib",
        "hatchling",
        "cyclonedx-bom",
        "pip",
        "photoveil",
    ):
        assert name not in listed, name


def test_the_bill_is_one_tree(bill: Bill) -> None:
    """Every component is drawn in by something, and everything that is named is there."""
    drawn = {part["ref"]: set(part.get("dependsOn", ())) for part in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert set(drawn) == {root, *(part["bom-ref"] for part in bill["components"])}
    reached, waiting = {root}, [root]
    while waiting:
        fresh = drawn[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    assert reached == set(drawn)


def test_the_bill_knows_the_weights_that_ship(bill: Bill) -> None:
    weights = [part for part in bill["components"] if part["type"] == "machine-learning-model"]
    assert len(weights) == len(list((PACKAGE / "protection" / "starter").glob("*.safetensors"))) > 0
    for part in weights:
        told = run(
            "-c",
            "import sums, sys; from pathlib import Path; print(sums.digest(Path(sys.argv[1])))",
            PACKAGE.parent / part["name"],
            env={**os.environ, "PYTHONPATH": str(FOLDER)},
        )
        assert part["hashes"] == [{"alg": "SHA-256", "content": told.stdout.strip()}]


def test_every_licence_is_known(bill: Bill) -> None:
    """A package without one has to be looked at by somebody before it ships (`sbom.CONCLUDED`)."""
    assert [part["name"] for part in bill["components"] if not part.get("licenses")] == []


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small repository with the parts that are looked at first."""
    root = tmp_path / "clone"
    for name in (
        "daemon/photoveil/__init__.py",
        "extension/manifest.json",
        "installers/linux/debian/changelog",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    return root


def test_what_is_not_committed_is_not_released(clone: Path, tmp_path: Path) -> None:
    (clone / "daemon" / "new.py").write_text("pass\n")
    done = run(RELEASE, "--root", clone, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "1 files are not committed (daemon/new.py" in done.stderr
    assert not (tmp_path / "out").exists()


def test_two_versions_in_one_tree_are_refused(clone: Path, tmp_path: Path) -> None:
    manifest = clone / "extension" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": "', '"version": "9', 1))
    done = run(RELEASE, "--root", clone, "--out", tmp_path / "out", "--working-tree")
    assert done.returncode == 1
    assert "must name the same version" in done.stderr
    assert not (tmp_path / "out").exists()
