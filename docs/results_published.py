"""Published figures that docs/results.md sets beside its own.

Source: `results/graph_classification2.csv` in kedar2/FoSR, the repository of Karhadkar, Banerjee & Montúfar, ICLR 2023:
test_mean and test_ci (a standard error of 100 trials) of the run with the best val_mean of each data set, network and
method; `edge_rewire` there is FoSR. The file has more digits.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIGURES", "Figure"]


@dataclass(frozen=True)
class Figure:
    """A published mean over 100 trials and its standard error, in percent, at a number of loops or edges per graph."""

    budget: int
    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {1.96 * self.error:.1f}"


_FIGURES = """
MUTAG       gcn none 0  72.150 1.2455, MUTAG       gcn sdrf 5  71.050 0.9547, MUTAG       gcn fosr 40 80.000 0.8031,
MUTAG       gin none 0  77.700 1.8377, MUTAG       gin sdrf 5  78.400 1.4298, MUTAG       gin fosr 20 78.000 1.1314,
ENZYMES     gcn none 0  27.667 0.5944, ENZYMES     gcn sdrf 5  28.367 0.5986, ENZYMES     gcn fosr 10 25.067 0.5071,
ENZYMES     gin none 0  33.800 0.5692, ENZYMES     gin sdrf 5  35.817 0.5575, ENZYMES     gin fosr 5  29.200 0.7022,
PROTEINS    gcn none 0  70.982 0.3760, PROTEINS    gcn sdrf 40 70.920 0.4043, PROTEINS    gcn fosr 20 73.420 0.4136,
PROTEINS    gin none 0  70.804 0.4217, PROTEINS    gin sdrf 20 69.813 0.4040, PROTEINS    gin fosr 10 75.107 0.4171,
IMDB-BINARY gcn none 0  49.770 0.4173, IMDB-BINARY gcn sdrf 20 49.400 0.4609, IMDB-BINARY gcn fosr 5  49.660 0.4407,
IMDB-BINARY gin none 0  70.180 0.5064, IMDB-BINARY gin sdrf 10 69.720 0.5875, IMDB-BINARY gin fosr 20 71.210 0.4693
"""

FIGURES = {
    (data, network, arm): Figure(int(budget), float(mean), float(error))
    for data, network, arm, budget, mean, error in (row.split() for row in _FIGURES.split(","))
}
"""Data set, network, arm -> what the authors of FoSR released for it."""
