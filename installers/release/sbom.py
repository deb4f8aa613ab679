"""The bill of materials: every package that runs when Photoveil runs, as CycloneDX JSON.

`cyclonedx-py` lists a real environment with versions and licences. This leaves of it what Photoveil itself draws in
(`photoveil[heif]`: no tools for tests, no lab), and adds what is in the wheel but is no Python package: the encoders'
weights and the seal's font.

    sbom.py [--python FILE] [--out FILE]
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sources import ROOT, ReleaseError, commit_time, version_of
from sums import digest

NAME = "photoveil"
EXTRAS = frozenset({"heif"})
"""What the installers install beside the plain package."""

CONCLUDED = {
    "torchvision": {"id": "BSD-3-Clause"},
    "cuda-toolkit": {"name": "NVIDIA CUDA Toolkit End User License Agreement"},
    "nvidia-cusparselt-cu13": {"name": "NVIDIA cuSPARSELt Software License Agreement"},
}
"""Licences of packages whose metadata does not tell, from the texts that they come with or point to."""

Bill = dict[str, Any]
Needs = dict[str, set[str]]
"""Packages by their normal names, each with those it draws in."""


def bill(source: Path, version: str, epoch: int, python: Path = Path(sys.executable)) -> Bill:
    """The bill of the tree `source` as installed in the environment of `python`.

    Args:
        epoch: the time it bears, in seconds since 1970.
    """
    needs = closure(installed(python))
    told = _environment(source, epoch, python)
    parts = {
        canonicalize_name(part["name"]): part
        for part in told["components"]
        if canonicalize_name(part["name"]) in needs
    }
    if missing := set(needs) - set(parts) - {NAME}:
        raise ReleaseError(f"cyclonedx-py does not list {', '.join(sorted(missing))}")
    for name, part in parts.items():
        if name in CONCLUDED and not part.get("licenses"):
            part["licenses"] = [{"license": {**CONCLUDED[name], "acknowledgement": "concluded"}}]
    materials = list(_materials(source))
    root = told["metadata"]["component"]
    root.update({"version": version, "purl": f"pkg:generic/{NAME}@{version}"})
    refs: dict[str, str] = {name: part["bom-ref"] for name, part in parts.items()}
    refs[NAME] = root["bom-ref"]
    drawn = {refs[name]: {refs[other] for other in others} for name, others in needs.items()}
    drawn[root["bom-ref"]] |= {part["bom-ref"] for part in materials}
    told["components"] = [*parts.values(), *materials]
    told["dependencies"] = [{"ref": ref, "dependsOn": sorted(drawn[ref])} for ref in sorted(drawn)]
    told["dependencies"] += [{"ref": part["bom-ref"]} for part in materials]
    return told


def installed(python: Path) -> dict[str, Distribution]:
    """Every package in the environment of `python`, by its normal name."""
    asked = [str(python), "-c", "import json, sys; print(json.dumps(sys.path))"]
    folders = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    found: dict[str, Distribution] = {}
    for one in distributions(path=[folder for folder in folders if folder]):
        found.setdefault(canonicalize_name(one.name), one)
    return found


def closure(packages: dict[str, Distribution]) -> Needs:
    """What Photoveil draws in on this machine, directly or through others; raises ReleaseError where one is missing.

    An extra counts only where somebody asks for it: that the environment happens to hold what `httpx2[cli]` wants
    does not make it part of Photoveil.
    """
    needs: Needs = {}
    waiting = [(NAME, EXTRAS)]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        if name not in packages:
            raise ReleaseError(f"{name} is needed and not installed in this environment.")
        for wish in _wishes(packages[name].requires or (), extras):
            other = canonicalize_name(wish.name)
            needs.setdefault(name, set()).add(other)
            waiting.append((other, frozenset(wish.extras)))
        needs.setdefault(name, set())
    return needs


def _wishes(requires: Iterable[str], extras: frozenset[str]) -> Iterator[Requirement]:
    """The requirements that hold here, where these extras are asked for."""
    for text in requires:
        wish = Requirement(text)
        asked = [{"extra": extra} for extra in extras] or [{"extra": ""}]
        if wish.marker is None or any(wish.marker.evaluate(one) for one in asked):
            yield wish


def _environment(source: Path, epoch: int, python: Path) -> Bill:
    """All of the environment, as cyclonedx-py tells it, without anything random."""
    words = ["environment", "--pyproject", str(source / "pyproject.toml"), "--output-reproducible"]
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", *words, "--short-PURLs", "--no-validate", str(python)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
    )
    if done.returncode:
        raise ReleaseError(f"the bill of materials cannot be made: {done.stderr.strip()}")
    told: Bill = json.loads(done.stdout)
    return told


def _materials(source: Path) -> Iterator[Bill]:
    """What the wheel holds that is neither ours by hand nor a package."""
    package = source / "daemon" / "photoveil"
    for weights in sorted((package / "protection" / "starter").glob("*.safetensors")):
        yield {
            **_file("machine-learning-model", weights, package),
            "description": "trained by this project's lab on drawn pictures (docs/starters.md)",
            "licenses": [{"license": {"id": "Apache-2.0"}}],
        }
    for font in sorted((package / "seal" / "font").glob("*.ttf")):
        yield {
            **_file("file", font, package),
            "description": "a subset of DejaVu Sans Bold, for the letters of seals",
            "licenses": [{"license": {"name": "Bitstream Vera and DejaVu Fonts Licence"}}],
        }


def _file(kind: str, path: Path, package: Path) -> Bill:
    name = path.relative_to(package.parent).as_posix()
    return {
        "type": kind,
        "bom-ref": name,
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest(path)}],
    }


def main() -> int:
    """A bill of some environment that Photoveil is installed in."""
    parser = argparse.ArgumentParser(description="Makes a bill of materials of an environment.")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="its Python (default: this one)"
    )
    parser.add_argument("--out", type=Path, help="where to (default: printed)")
    wishes = parser.parse_args()
    try:
        told = bill(ROOT, version_of(ROOT), commit_time(), wishes.python)
    except (ReleaseError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"There is no bill: {error}\n")
        return 1
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if wishes.out:
        wishes.out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
