"""Representational collapse: states that rounding makes equal, curves over layers, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mixcli.errors import InputError, NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence.collapse import Collapse
from mixcli.sequence import Attention


def of_states(*states: np.ndarray, **fields: int) -> Attention:
    return Attention.of([[np.eye(len(states[0]))]], states=states, **fields)


def averaged(tokens: int, width: int, depth: int) -> list[np.ndarray]:
    """States that uniform causal attention mixes layer by layer."""
    mix = np.tri(tokens) / np.arange(1, tokens + 1)[:, None]
    states = [np.random.default_rng(0).standard_normal((tokens, width))]
    for _ in range(depth):
        states.append(mix @ states[-1])
    return states


def test_share_of_equal_coordinates_in_each_format() -> None:
    x = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1 + 2.0**-11, 1 + 2.0**-8, 1.25]])
    found = Collapse()(of_states(x))
    assert found.data == 0.75
    row = found.details["states"][0]
    assert row["equal"] == {"bf16": 0.75, "fp16": 0.5, "fp8_e4m3": 0.75, "fp8_e5m2": 0.5 + 0.25}
    assert row["neighbours"] == 0.75
    assert row["linf"] == 0.25
    assert row["contraction"] is None
    assert Collapse(cast="fp16")(of_states(x)).data == 0.5


def test_repeated_averaging_collapses_late_tokens() -> None:
    states = averaged(300, 16, 12)
    found = Collapse()(of_states(*states))
    rows = found.details["states"]
    assert rows[0]["equal"]["bf16"] < 0.1
    assert found.data > 0.9
    assert rows[-1]["l1"] < rows[1]["l1"] / 10 < rows[0]["l1"]
    assert rows[-1]["relative"] < rows[0]["relative"]
    assert rows[1]["contraction"] == pytest.approx(rows[1]["relative"] / rows[0]["relative"])
    json.dumps(dict(found.details), allow_nan=False)
    assert Collapse(state=0)(of_states(*states)).data == rows[0]["equal"]["bf16"]


def test_another_read_out_and_another_state() -> None:
    x = np.array([[1.0], [1.0], [2.0]])
    assert Collapse()(of_states(x)).data == 0
    assert Collapse()(of_states(x, read_out=1)).data == 1
    with pytest.raises(NotApplicable, match="hidden state 3"):
        Collapse(state=3)(of_states(x))
    with pytest.raises(NotApplicable, match="before the read-out"):
        Collapse()(of_states(x, read_out=0))


def test_what_it_needs() -> None:
    with pytest.raises(NotApplicable, match="hidden states"):
        Collapse()(Attention.of(np.eye(3)[None, None]))
    with pytest.raises(NotApplicable, match="at least 9 tokens"):
        Collapse()(sequence_of("causal:tokens=4,layers=1"))
    with pytest.raises(InputError, match="state 0"):
        Collapse()(of_states(np.array([[np.nan], [1.0]])))
