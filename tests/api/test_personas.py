"""The list of personas through the API."""

from __future__ import annotations

from safetensors.numpy import save

from photoveil.protection import catalogue
from tests.api.house import House


def test_the_list_is_what_the_files_tell(fresh_house: House) -> None:
    local = fresh_house.local()
    nobody_yet: dict[str, object] = {
        "name": "me",
        "changed": None,
        "model_sets": [],
        "strength": None,
        "current": True,
    }
    assert [one | {"colour": ""} for one in local.call("personas")["personas"]] == [
        nobody_yet | {"colour": ""}
    ]
    photos = {f"{one.name}@{one.sha256[:16]}": "a b c" for one in catalogue.model_set("starter").encoders}
    (fresh_house.paths.personas / "anna.safetensors").write_bytes(save({}, {**photos, "gone@0": "a b"}))
    (fresh_house.paths.personas / "zoe.safetensors").write_bytes(b"rubbish")
    anna, _me, zoe = local.call("personas")["personas"]
    assert anna["name"] == "anna"
    assert anna["model_sets"] == [
        {"model_set": "starter", "photos": 3, "enough": 8, "settled": False},
        {"model_set": None, "photos": 2, "enough": 8, "settled": False},
    ]
    assert (zoe["name"], zoe["error"]["code"]) == ("zoe", "persona")
    assert anna["changed"].endswith("+00:00")
