"""Figures of token graphs that are known in closed form or were published, by number of the row of their table."""

import math
from fractions import Fraction

import numpy as np
import pytest
from token_masks import agrees, blocks_of_bigbird, drawn_keys, uniform

from mixcli.context import Context
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence.influence import Influence
from mixcli.measures.sequence.mixing import Mixing
from mixcli.measures.sequence.paths import Paths
from mixcli.measures.sequence.position_bias import PositionBias
from mixcli.measures.sequence.reach import Reach
from mixcli.measures.sequence.spectrum import Spectrum
from mixcli.measures.sequence.structure import Structure
from mixcli.sequence import Attention, Mask, MaskSequence


def causal(tokens: int, layers: int) -> MaskSequence:
    return sequence_of(f"causal:tokens={tokens},layers={layers}")


def with_sink(share: float, tokens: int = 64, layers: int = 6) -> Attention:
    """Uniform causal attention of which every row gives a share to the first token."""
    one = (1 - share) * np.tri(tokens) / np.arange(1, tokens + 1)[:, None]
    one[:, 0] += share
    return Attention.of(np.broadcast_to(one, (layers, 1, tokens, tokens)))


def test_row_1_paths_into_the_last_token_sum_to_a_binomial() -> None:
    found = Paths()(causal(12, 5))
    assert found.details["total"] == 4368 == math.comb(16, 5)
    assert found.details["counts"] == [math.comb(11 - j + 4, 4) for j in range(12)]
    assert found.details["counts"][-1] == 1


def test_row_2_two_uniform_layers_are_differences_of_harmonic_numbers() -> None:
    for i in (0, 1, 5, 30):
        found = Influence(residual="none")(causal(31, 2).replace(read_out=i)).data
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, 33))])
        exact = np.where(np.arange(31) <= i, (harmonic[i + 1] - harmonic[:31]) / (i + 1), 0.0)
        assert np.allclose(found, exact, atol=1e-12)


def test_row_3_first_and_last_of_six_uniform_layers() -> None:
    found = Influence(residual="none")(causal(64, 6)).details
    assert found["first"] == pytest.approx(0.662775, abs=1e-6)
    assert found["last"] == pytest.approx(64.0**-6, rel=1e-12)


def test_row_4_first_of_twelve_layers_with_residual() -> None:
    assert Influence()(causal(64, 12)).details["first"] == pytest.approx(0.625351, abs=1e-6)


@pytest.mark.parametrize(
    ("layers", "first", "last"),
    [(1, 0.0156, 0.0156), (2, 0.0741, 2.4e-4), (4, 0.3447, 6.0e-8), (6, 0.6628, 1.5e-11), (12, 0.98704, 2.1e-22)],
)
def test_influence_by_depth(layers: int, first: float, last: float) -> None:
    found = Influence(residual=0.0)(causal(64, layers)).details
    assert found["first"] == pytest.approx(first, abs=6e-5)
    assert found["last"] == pytest.approx(last, rel=0.04)


@pytest.mark.parametrize(("layers", "residual"), [(1, 0.0), (4, 0.0), (6, 0.5), (12, 0.75)])
def test_every_entry_of_uniform_causal_attention_is_a_hausdorff_moment(layers: int, residual: float) -> None:
    last = 63
    lam = Fraction(residual)
    moments = [(lam + (1 - lam) / (k + 1)) ** layers for k in range(last + 1)]
    exact = [
        float(
            math.comb(last, j) * sum((-1) ** k * math.comb(last - j, k) * moments[j + k] for k in range(last - j + 1))
        )
        for j in range(last + 1)
    ]
    found = Influence(residual=residual)(causal(last + 1, layers)).data
    assert np.allclose(found, exact, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("pauses", "share"), [(0, 0.0665), (1, 0.00403)])
def test_a_pause_costs_the_residual_path(pauses: int, share: float) -> None:
    assert Influence()(causal(64 + pauses, 4)).data[63] == pytest.approx(share, rel=2e-3)


@pytest.mark.parametrize(("residual", "u"), [(0.5, 441.6), (0.8, 14.8), (0.9, 18.95), (0.95, 43.1)])
def test_u_of_uniform_causal_attention(residual: float, u: float) -> None:
    found = PositionBias(residual=residual)(causal(64, 12))
    assert found.data == pytest.approx(u, rel=2e-3)
    assert found.details["argmin"] == 62
    assert Influence(residual=residual)(causal(64, 12)).details["u"] == found.data


def test_row_12_kemeny() -> None:
    assert Spectrum()(causal(64, 1)).details["kemeny"] == pytest.approx(67.728266, abs=1e-6)
    harmonic = sum(1 / k for k in range(1, 64))
    assert Spectrum()(causal(64, 1)).details["kemeny"] == pytest.approx(63 + harmonic, abs=1e-10)


@pytest.mark.parametrize(
    "spec", ["causal:tokens=256", "window:16,tokens=256", "strided:16,tokens=256", "log:tokens=256"]
)
def test_row_13_the_gap_sees_nothing(spec: str) -> None:
    assert Spectrum()(sequence_of(spec)).data == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(("share", "gap"), [(0.0, 0.5), (0.3, 0.65), (0.6, 0.8), (0.9, 0.95)])
def test_the_gap_rises_as_a_sink_absorbs_more(share: float, gap: float) -> None:
    assert Spectrum()(with_sink(share)).data == pytest.approx(gap, abs=1e-12)


def test_sigma_of_uniform_causal_attention() -> None:
    assert Spectrum()(causal(64, 1)).details["sigma_1"] == pytest.approx(1.598, abs=5e-4)


def test_row_18_tau_of_one_layer() -> None:
    for tokens in (1, 2, 64, 2000):
        found = Mixing()(causal(tokens, 1)).details["tau"]
        assert found == pytest.approx(1 - 1 / tokens, abs=1e-12)


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.5, 1.0])
def test_row_19_decay_peaks_where_the_formula_says(slope: float) -> None:
    mask = Mask(256, lambda i, j: j <= i, weigh=lambda i, j: np.exp(-slope * (i - j)))
    found = PositionBias(residual="none")(MaskSequence((mask,) * 6)).details
    assert found["slope"] == pytest.approx(slope, rel=1e-9)
    assert found["turning_point"] == pytest.approx((6 - math.exp(slope)) / (math.exp(slope) - 1), rel=1e-9)
    assert abs(found["peak_distance"] - found["turning_point"]) <= 1
    assert found["peak_distance"] == {0.1: 47, 0.2: 22, 0.5: 7, 1.0: 2}[slope]


@pytest.mark.parametrize(("pauses", "share"), [(0, 5.96046e-8), (1, 2.29389e-7), (10, 1.18457e-5)])
def test_row_20_pauses_raise_the_last_tokens_influence(pauses: int, share: float) -> None:
    found = Influence(residual="none")(causal(64 + pauses, 4))
    assert found.data[63] == pytest.approx(share, rel=1e-4)
    assert Paths()(causal(64 + pauses, 4)).details["counts"][63] == math.comb(pauses + 3, 3)


@pytest.mark.parametrize(("share", "mass"), [(0.0, 0.7659), (0.3, 0.302), (0.6, 0.092), (0.9, 0.0115)])
def test_row_21_a_sink_cuts_cross_mass(share: float, mass: float) -> None:
    found = PositionBias()(with_sink(share)).details
    assert found["cross_mass"] == pytest.approx(mass, abs=1e-3 if share else 1e-4)
    assert found["cross_mass_max"] >= found["cross_mass"] - 1e-12


@pytest.mark.parametrize(("sinks", "mass"), [(0, 0.983), (1, 0.768), (4, 0.543)])
def test_sinks_put_before_the_text_cut_what_real_tokens_mix(sinks: int, mass: float) -> None:
    roles = (np.arange(64 + sinks) < sinks).astype(np.int8)
    found = PositionBias()(causal(64 + sinks, 6).replace(roles=roles)).details
    assert found["real_mass"] == pytest.approx(mass, abs=1e-3)


TABLE = {
    "causal": ("1", 1, 1, 9, "0.449", "3.6e-15"),
    "window:16": ("0.121", 17, 17, 39, "0", "6.0e-8"),
    "sink:4,16": ("0.150", 17, 1, 9, "0.579", "1.6e-8"),
    "strided:16": ("0.179", 2, 2, 15, "0.124", "1.1e-9"),
    "fixed:16,1": ("0.125", 2, 2, 16, "0.091", "1.1e-9"),
    "log": ("0.062", 8, 8, 23, "0", "1.9e-6"),
    "expander:4,0": ("0.046", 23, 4, 13, "0.130", "2.1e-5"),
    "bigbird:16,3,1,1": ("0.393", 8, 1, 8, "0.548", "1.5e-11"),
    "drawn keys": ("0.046", 23, 4, 13, "0.130", "2.1e-5"),
    "drawn blocks": ("0.393", 8, 1, 8, "0.548", "1.5e-11"),
}
"""Of uniform attention over 256 tokens: density, layers to reach all, radius, layers to mix, and the shares of the
first and the last token after 6 layers; to the digits given. The last two are drawn here, without the catalog."""


def of_table(name: str, tokens: int = 256, layers: int = 6) -> MaskSequence:
    if name == "drawn keys":
        return uniform(drawn_keys(tokens, 4, 0), layers)
    if name == "drawn blocks":
        return uniform(blocks_of_bigbird(tokens, 16, 3, 1, 1, 0), layers)
    return sequence_of(f"{name}{',' if ':' in name else ':'}tokens={tokens},layers={layers}")


@pytest.mark.parametrize("name", TABLE)
def test_row_14_row_15_and_the_reference_table(name: str) -> None:
    density, layers, radius, depth, first, last = TABLE[name]
    tokens, context = of_table(name), Context()
    structure = Structure()(tokens, context)
    influence = Influence(residual="none")(tokens, context).details
    assert agrees(structure.data, density)
    assert structure.details["radius"] == radius
    assert structure.details["centre"] == 0
    assert Reach()(tokens, context).data == layers
    assert Mixing()(tokens, context).data == depth
    assert Spectrum()(tokens, context).data == pytest.approx(0.5, abs=1e-12)
    assert agrees(influence["first"], first) if first != "0" else influence["first"] == 0
    assert agrees(influence["last"], last)


@pytest.mark.parametrize(
    ("name", "density"), [("chunk:16", "0.066"), ("packed:128,128", "0.50"), ("dilated:16,4", "0.11")]
)
def test_masks_without_a_centre_never_reach_all(name: str, density: str) -> None:
    tokens = of_table(name)
    structure, reach, mixing = Structure()(tokens), Reach()(tokens), Mixing()(tokens)
    assert agrees(structure.data, density)
    assert structure.details["radius"] is None
    assert structure.details["closed_classes"] > 1
    assert reach.data == math.inf
    assert "never" in reach.reason
    assert reach.details["pairs_never_reached"] > 0
    assert mixing.data == math.inf
    assert "sink" not in mixing.details
    assert Spectrum()(tokens).data == 0
    assert Influence(residual="none")(tokens).details["first"] == 0


@pytest.mark.parametrize(("name", "first", "last"), [("drawn keys", 10.0, 1.5), ("log", 8.0, 5.1)])
def test_random_keys_are_no_expander_for_late_tokens(name: str, first: float, last: float) -> None:
    found = Structure()(of_table(name)).details
    others = [quarter - 1 for quarter in found["readers_by_quarter"]]
    assert (others[0], others[-1]) == (pytest.approx(first, abs=0.05), pytest.approx(last, abs=0.1))
    assert ("warning" in found) == (name == "drawn keys")


@pytest.mark.parametrize("w", [2, 5, 16])
@pytest.mark.parametrize("tokens", [17, 100])
def test_radius_of_a_window(w: int, tokens: int) -> None:
    found = sequence_of(f"window:{w},tokens={tokens},layers=2")
    assert Structure()(found).details["radius"] == math.ceil((tokens - 1) / (w - 1))
    assert Reach()(found).data == math.ceil((tokens - 1) / (w - 1))


@pytest.mark.parametrize("scale", ["share", "bound"])
def test_the_first_token_is_that_of_the_text(scale: str) -> None:
    roles = (np.arange(20) < 4).astype(np.int8)
    found = Influence(scale=scale)(causal(20, 3).replace(roles=roles))
    assert found.details["first"] == pytest.approx(found.data[4], rel=1e-12)
    assert found.details["last"] == pytest.approx(found.data[19], rel=1e-12)


def test_forgetting_into_the_first_token_takes_log2_layers() -> None:
    tau = Mixing()(causal(64, 24)).details["curve"]
    assert tau[-1] / (63 * 2.0**-24) == pytest.approx(0.998, abs=1e-3)
