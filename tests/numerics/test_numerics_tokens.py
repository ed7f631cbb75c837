"""Products with token operators in each of their forms, Dobrushin's coefficient, and counts beyond 63 bits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_tokens as naive

from mixcli.context import Context
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence.influence import Influence
from mixcli.measures.sequence.mixing import Mixing
from mixcli.measures.sequence.paths import Paths
from mixcli.measures.sequence.position_bias import PositionBias
from mixcli.measures.sequence.reach import Reach
from mixcli.measures.sequence.runway import Runway
from mixcli.measures.sequence.spectrum import Spectrum
from mixcli.measures.sequence.structure import Structure
from mixcli.numerics import token_forms, token_operators, token_spectrum
from mixcli.numerics.contraction import dobrushin
from mixcli.numerics.token_operators import Operators
from mixcli.sequence import Mask, MaskSequence

CASES = {
    "uniform": Mask(40, lambda i, j: (j <= i) & (i - j < 6)),
    "weighted": Mask(40, lambda i, j: (j <= i) & (i - j < 6), weigh=lambda i, j: 1.0 / (1 + i + j)),
    "both ways": Mask(40, lambda i, j: (i + j) % 3 == 0, weigh=lambda i, j: 1.0 + i),
    "no loops": Mask(40, lambda i, j: (j < i) | (i == 0)),
}
FORMS = {"entries": (0, 1), "rows": (0, 10**9), "rules": (0, 10**9)}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Held by entries, in blocks of rows, or in blocks that are asked for anew."""
    dense, sparse = FORMS[request.param]
    monkeypatch.setattr(token_operators, "DENSE", dense)
    monkeypatch.setattr(token_operators, "WEIGHED", dense)
    monkeypatch.setattr(token_forms, "SPARSE", sparse)
    if request.param == "rules":
        monkeypatch.setattr(token_forms, "READABLE", 0)
    return request.param


@pytest.mark.parametrize("case", CASES)
def test_forms_agree_with_the_matrix(case: str, form: str) -> None:
    tokens = MaskSequence((CASES[case],))
    found, rng = Operators(tokens), np.random.default_rng(0)
    matrix, mask, x = tokens.operator(0), tokens.visible(0), rng.random(40)
    whole = rng.integers(0, 9, 40)
    assert type(found._form(0)).__name__ == {"entries": "Entries"}.get(form, "Rows")
    assert np.allclose(found.left(0, x), x @ matrix, atol=1e-14)
    assert np.allclose(found.right(0, x), matrix @ x, atol=1e-14)
    assert found.sum_left(0, whole).tolist() == (whole @ mask).tolist()
    assert found.sum_right(0, whole).tolist() == (mask @ whole).tolist()
    assert np.allclose(found.diagonal(0), matrix.diagonal(), atol=1e-15)
    assert found.squares(0) == pytest.approx((matrix**2).sum())
    read, readers = found.degrees(0)
    assert read.tolist() == mask.sum(axis=1).tolist()
    assert readers.tolist() == mask.sum(axis=0).tolist()
    indptr, keys = found.keys(0)
    rows = np.repeat(np.arange(40), np.diff(indptr))
    assert np.array_equal(np.stack([rows, keys], 1), np.argwhere(mask & ~np.eye(40, dtype=bool)))


@pytest.mark.parametrize("case", CASES)
def test_measures_do_not_depend_on_the_form(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = MaskSequence((CASES[case], CASES["uniform"], CASES[case]), read_out=37)
    kinds = (Structure(), Reach(), Paths(), Runway(), Influence(), PositionBias(), Mixing(), Spectrum())
    before = [kind(tokens) for kind in kinds]
    monkeypatch.setattr(token_operators, "DENSE", 0)
    monkeypatch.setattr(token_operators, "WEIGHED", 0)
    monkeypatch.setattr(token_spectrum, "DENSE", 0)
    for kind, one in zip(kinds, before, strict=True):
        other = kind(tokens, Context())
        assert np.allclose(one.data, other.data, rtol=1e-12), kind
        for key in ("sigma_1", "sigma_2", "cross_mass", "radius", "tau", "total"):
            assert (key in one.details) == (key in other.details)
            if one.details.get(key) is not None:
                assert one.details[key] == pytest.approx(other.details[key], rel=1e-6), key


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3, 5.0]))
@settings(max_examples=60, deadline=None)
def test_dobrushin_against_all_pairs(size: int, seed: int, spread: float) -> None:
    matrix = np.random.default_rng(seed).dirichlet(np.full(size, spread), size)
    assert dobrushin(matrix) == pytest.approx(min(naive.dobrushin(matrix), 1.0), abs=1e-15)
    assert dobrushin(np.linalg.matrix_power(matrix, 3)) <= dobrushin(matrix) ** 3 + 1e-12


def test_dobrushin_of_rows_along_a_curve() -> None:
    place = np.linspace(0, 1, 300)[:, None]
    rows = np.exp(-((place - np.linspace(0, 1, 50)) ** 2) * 9)
    rows /= rows.sum(axis=1, keepdims=True)
    assert dobrushin(rows) == pytest.approx(naive.dobrushin(rows), abs=1e-15)


def test_walks_are_exact_while_they_fit_and_logarithms_beyond() -> None:
    few = Paths()(sequence_of("causal:tokens=2048,layers=6"))
    assert few.details["counts"] == [math.comb(2047 - j + 5, 5) for j in range(2048)]
    assert few.details["total"] == math.comb(2053, 6) < 2**63
    many = Paths()(sequence_of("causal:tokens=300,layers=400"))
    exact = [math.log10(math.comb(299 - j + 399, 399)) for j in range(300)]
    assert np.allclose(many.data, exact, rtol=1e-12, atol=1e-12)
    assert many.details["log10_total"] == pytest.approx(math.log10(math.comb(699, 400)), rel=1e-12)
    assert "total" not in many.details


def test_counts_that_differ_by_more_than_a_float_can_hold() -> None:
    tokens = sequence_of("causal:tokens=1024,layers=1200")
    found = Paths()(tokens).data
    assert found[-1] == 0
    assert found[0] == pytest.approx(math.log10(math.comb(1023 + 1199, 1199)), rel=1e-12)
    assert found[0] > 308


def test_influence_of_a_long_text_keeps_its_smallest_share() -> None:
    found = Influence(residual="none")(sequence_of("causal:tokens=2048,layers=6"))
    assert found.data[-1] == pytest.approx(2048.0**-6, rel=1e-12)
    assert found.data.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("spec", "layers"), [("window:16,tokens=2048,layers=6", 137), ("strided:16,tokens=2048,layers=6", 2)]
)
def test_reach_of_a_long_text(spec: str, layers: int) -> None:
    tokens = sequence_of(spec)
    assert Reach()(tokens).data == Structure()(tokens).details["radius"] == layers


def test_layers_that_differ_reach_as_layers_that_are_alike() -> None:
    one = sequence_of("log:tokens=300,layers=2").layers[0]
    again = Mask(300, one.rule)
    alike, differ = Reach()(MaskSequence((one, one))), Reach()(MaskSequence((one, again)))
    assert alike.data == differ.data
    assert alike.details == differ.details
