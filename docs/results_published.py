"""Published figures that docs/results.md sets beside its own.

Source: `results/graph_classification2.csv` in kedar2/FoSR, the repository of Karhadkar, Banerjee & Montúfar, ICLR 2023:
test_mean and test_ci (a standard error of 100 trials) of the run with the best val_mean of each data set, network and
method; `edge_rewire` there is FoSR. The file has more digits.

What papers are noted to print, held neither to them nor to a released file, stands apart (`QUOTED`), and nothing is
computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIGURES", "QUOTED", "Figure"]


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

_QUOTED = """
FoSR, IMDB-BINARY gcn last_layer_fa 49.0 ± 0.9, IMDB-BINARY gin last_layer_fa 70.9 ± 0.8,
FoSR, MUTAG gcn last_layer_fa 70.1 ± 2.0, MUTAG gin last_layer_fa 83.5 ± 1.7,
FoSR, ENZYMES gcn last_layer_fa 26.5 ± 1.2, ENZYMES gin last_layer_fa 47.4 ± 1.4,
FoSR, PROTEINS gcn last_layer_fa 71.0 ± 1.0, PROTEINS gin last_layer_fa 72.3 ± 0.7,
FoSR, IMDB-BINARY rgcn none 50.0, MUTAG rgcn none 69.3, ENZYMES rgcn none 28.6, PROTEINS rgcn none 69.5,
FoSR, IMDB-BINARY rgcn fosr 64.1, MUTAG rgcn fosr 84.5, ENZYMES rgcn fosr 35.6, PROTEINS rgcn fosr 73.8,
SDRF, Cora gcn none 81.9 ± 0.8, Cora gcn last_layer_fa 81.7 ± 0.2, Cora gcn sdrf 82.8 ± 0.2,
SDRF, Cornell gcn none 53.2 ± 0.5, Cornell gcn sdrf 57.5 ± 0.3, Cornell gcn last_layer_fa 58.3 ± 0.5,
SDRF, Texas gcn none 63.4 ± 0.9, Texas gcn sdrf 70.4 ± 0.6, Texas gcn last_layer_fa 64.8 ± 0.3,
SDRF, Wisconsin gcn none 51.4 ± 1.2, Wisconsin gcn sdrf 61.6 ± 0.9, Wisconsin gcn last_layer_fa 55.5 ± 0.6,
BORF, MUTAG gcn none 68.8 ± 2.1, MUTAG gcn sdrf 70.5 ± 2.1, MUTAG gcn fosr 75.6 ± 1.7, MUTAG gcn borf 75.8 ± 1.9,
BORF, ENZYMES gcn none 25.5 ± 1.3, ENZYMES gcn sdrf 26.1 ± 1.1, ENZYMES gcn fosr 27.4 ± 1.1,
BORF, ENZYMES gcn borf 24.7 ± 1.0, PROTEINS gcn none 70.6 ± 1.0, PROTEINS gcn sdrf 71.4 ± 0.8,
BORF, PROTEINS gcn fosr 72.3 ± 0.9, PROTEINS gcn borf 71.0 ± 0.8, IMDB-BINARY gcn none 49.3 ± 1.0,
BORF, IMDB-BINARY gcn sdrf 49.1 ± 0.9, IMDB-BINARY gcn fosr 49.6 ± 0.8, IMDB-BINARY gcn borf 50.1 ± 0.9,
BORF, MUTAG gin none 75.5, MUTAG gin borf 80.8, ENZYMES gin none 31.3, ENZYMES gin borf 35.5,
BORF, PROTEINS gin none 69.7, PROTEINS gin borf 71.3, IMDB-BINARY gin none 69.0, IMDB-BINARY gin borf 71.3,
BORF, Cora gcn none 86.7 ± 0.3, Cora gcn borf 87.5 ± 0.2, Cornell gcn none 41.5 ± 1.8, Cornell gcn borf 50.8 ± 1.1,
BORF, Texas gcn none 44.2 ± 1.5, Texas gcn borf 49.4 ± 1.2, Wisconsin gcn none 44.6 ± 1.4,
BORF, Wisconsin gcn borf 50.3 ± 0.9, Cora gin none 76.0, Cora gin borf 78.4, Cornell gin none 36.5,
BORF, Cornell gin borf 48.6, Texas gin none 53.5, Texas gin borf 63.1, Wisconsin gin none 48.5, Wisconsin gin borf 54.9
"""


def _quoted() -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for line in _QUOTED.strip().splitlines():
        paper, *rows = (part.strip() for part in line.rstrip(",").split(","))
        for row in rows:
            data, model, arm, figure = row.split(maxsplit=3)
            found.setdefault((data, model, arm), []).append(f"{paper} {figure}")
    return {key: ", ".join(said) for key, said in found.items()}


QUOTED = _quoted()
"""Data set, network, arm -> what tables of papers are noted to say, to one decimal, a paper named by its method.

FoSR: Karhadkar et al. 2023, table 1, where its released results are silent. SDRF: Topping et al. 2022, of WebKB the
rows "undirected" and "SDRF + undirected" ("+ FA" keeps directions). BORF: Nguyen et al. 2023.
"""
