"""Rows of long runs, noted one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.writing import note, noted


@pytest.mark.parametrize("torn", [b"", b'{"row": 1', b'{"row": 1, "text": "\xc3', b'{"row": 1}'])
def test_a_row_that_a_power_cut_tore_costs_no_other_row(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "rows.jsonl"
    assert noted(file) == []
    note(file, {"row": 0, "text": "é\u2028"})
    with file.open("ab") as log:
        log.write(torn)
    whole = [{"row": 1}] if torn.endswith(b"}") else []
    assert noted(file) == [{"row": 0, "text": "é\u2028"}, *whole]
    note(file, {"row": 2})
    assert noted(file) == [{"row": 0, "text": "é\u2028"}, *whole, {"row": 2}]
