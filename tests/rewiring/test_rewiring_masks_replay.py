"""Logs of mask rewirings: what they say, made again, taken back, and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from token_masks import token_graphs

from mixcli.errors import InputError, NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.report.record import jsonable
from mixcli.rewiring.mask_log import mask_log_rows, read_mask_log
from mixcli.rewiring.sequence_base import RewiredSequence, rewire_sequence
from mixcli.sequence import MaskSequence


def logged(found: RewiredSequence, folder: Path) -> str:
    rows = [json.dumps(jsonable(row)) for row in mask_log_rows(found, 0)]
    (folder / "log.jsonl").write_text("\n".join(rows) + "\n")
    return str(folder / "log.jsonl")


@pytest.mark.parametrize("method", ["sink:1,3", "expander:2", "greedy_resistance:3", "global:2,place=even", "bridge:4"])
def test_made_again_and_taken_back(method: str, tmp_path: Path) -> None:
    before = sequence_of("window:3,tokens=12,layers=3")
    found = rewire_sequence(before, method)
    log = logged(found, tmp_path)
    again = rewire_sequence(before, f"replay:{log}")
    assert again.edits == found.edits
    assert again.sequence.fingerprint == found.sequence.fingerprint
    assert read_mask_log(log)[0].method == found.sequence.provenance[-1].spec
    back = rewire_sequence(found.sequence, f"replay:{log},undo=true").sequence
    assert back.fingerprint == before.fingerprint


@given(token_graphs(max_tokens=7).filter(lambda tokens: isinstance(tokens, MaskSequence)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_any_masks(tmp_path: Path, before: MaskSequence) -> None:
    found = rewire_sequence(before, "sink:1,2")
    if found.edits:
        again = rewire_sequence(before, f"replay:{logged(found, tmp_path)}").sequence
        assert again.fingerprint == found.sequence.fingerprint


def test_other_masks_are_refused(tmp_path: Path) -> None:
    log = logged(rewire_sequence(sequence_of("window:3,tokens=12,layers=3"), "offsets:6"), tmp_path)
    other = sequence_of("window:4,tokens=12,layers=3")
    with pytest.raises(NotApplicable, match="check=false"):
        rewire_sequence(other, f"replay:{log}")
    assert rewire_sequence(other, f"replay:{log},check=false").added == 6
    with pytest.raises(InputError, match="not read yet"):
        rewire_sequence(sequence_of("causal:tokens=12,layers=3"), f"replay:{log},check=false")
    with pytest.raises(NotApplicable, match="sequence 3"):
        rewire_sequence(other, f"replay:{log},sequence=3")


def test_what_has_no_edits_cannot_be_made_again(tmp_path: Path) -> None:
    before = sequence_of("causal:tokens=5,layers=1")
    log = logged(rewire_sequence(before, "pause:2"), tmp_path)
    with pytest.raises(NotApplicable, match="use pause:k=2 itself"):
        rewire_sequence(before, f"replay:{log}")
    with pytest.raises(NotApplicable, match="name its file"):
        rewire_sequence(before, "replay")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "JSON object"),
        ('{"op": "add", "u": 1, "v": 0}', "a log of masks"),
        ('{"op": "add", "query": -1, "key": 0}', "query"),
        ('{"op": "add", "query": 1, "key": 1.5}', "key"),
        ('{"op": "flip", "query": 1, "key": 0}', "op"),
        ('{"op": "add", "query": 1, "key": 0, "score": "x"}', "score"),
        ('{"op": "add", "query": 9, "key": 0}', "tokens among"),
    ],
)
def test_lines_that_are_wrong(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(line)
    with pytest.raises(InputError, match=words):
        rewire_sequence(sequence_of("window:1,tokens=4,layers=1"), f"replay:{tmp_path / 'log.jsonl'}")
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no text"):
        rewire_sequence(sequence_of("window:1,tokens=4,layers=1"), f"replay:{tmp_path / 'log.jsonl'}")


def test_labels_stand_in_the_log(tmp_path: Path) -> None:
    named = sequence_of("window:1,tokens=3,layers=1").replace(labels=("a", "b", "c"))
    (row,) = mask_log_rows(rewire_sequence(named, "offsets:2"), 4)
    assert (row["query_label"], row["key_label"], row["sequence"]) == ("c", "a", 4)
    assert np.array_equal(rewire_sequence(named, "offsets:2").sequence.visible(0)[2], [True, False, True])
