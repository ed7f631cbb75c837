"""Knees of curves whose knee is known."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.numerics.knee import knee

NUMBERS = st.floats(-100, 100, allow_nan=False).map(lambda v: round(v, 3))


def test_closed_forms() -> None:
    x = np.linspace(0, 1, 101)
    assert knee(x, np.sqrt(x)) == 25  # √x - x is largest at 1/4
    assert knee(x, -np.sqrt(x), rising=False) == 25
    assert knee(x, 1 - (1 - x) ** 2) == 50
    assert knee([0, 5, 10, 40], [0, 9, 10, 10]) == 1


def test_what_has_none() -> None:
    assert knee([], []) is None
    assert knee([0, 1], [0, 1]) is None
    assert knee([0, 1, 2], [1, 1, 1]) is None
    assert knee([0, 1, 2], [3, 2, 1]) is None
    assert knee([0, 1, 2], [0, 1, 4]) is None  # convex: the gain is still to come
    assert knee([0, 1, 2], [0, 1.02, 2]) is None  # as good as straight


def test_a_curve_that_falls_back_has_its_knee_before() -> None:
    assert knee([0, 1, 2, 3], [0, 5, 4, 1]) == 1


@given(st.lists(NUMBERS, min_size=3, max_size=12), st.floats(0.5, 8), NUMBERS)
@settings(max_examples=60, deadline=None)
def test_scale_and_shift_do_not_matter(y: list[float], factor: float, shift: float) -> None:
    x = list(range(len(y)))
    found = knee(x, y)
    again = knee([3 * a + 2 for a in x], [factor * b + shift for b in y])
    assert found == again or found is None or again is None or abs(y[found] - y[again]) < 1e-6
    assert knee(x, [-b for b in y], rising=False) == found
