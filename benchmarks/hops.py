"""The hop distance histogram of all pairs: bit-parallel searches against scipy, which also has to store n² distances.

python benchmarks/hops.py [--quick] [--only NAME]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import common  # before numpy: it caps the threads
import numpy as np

from mixcli.generators import graphs
from mixcli.graph import Graph

CASES = {
    "Erdos-Renyi 5000, m = 15000": lambda: graphs.erdos_renyi(5000, 15_000),
    "Barabasi-Albert 5000, m = 3": lambda: graphs.barabasi_albert(5000, 3),
    "Watts-Strogatz 5000, k = 6, p = .05": lambda: graphs.watts_strogatz(5000, 6, 0.05),
    "grid 70x71": lambda: graphs.grid(70, 71),
}
QUICK = {"Erdos-Renyi 600": lambda: graphs.erdos_renyi(600, 1800), "grid 20x30": lambda: graphs.grid(20, 30)}


def mixcli(graph: Graph) -> Callable[[], list[int]]:
    """What `distance` and `reach` call, on one thread."""
    from mixcli.numerics.hops import hop_counts

    lists = graph.csr[:2]
    hop_counts(*graphs.torus(80, 90).csr[:2])  # too large for plain Python: loads the kernel

    def run() -> list[int]:
        found = hop_counts(*lists)
        assert found is not None
        return [int(x) for x in found.pairs]

    return run


def scipy(graph: Graph) -> Callable[[], list[int]]:
    """scipy.sparse.csgraph.shortest_path and a histogram of what it returns."""
    from scipy.sparse.csgraph import shortest_path

    matrix = graph.adjacency

    def run() -> list[int]:
        distances = shortest_path(matrix, directed=False, unweighted=True)
        return np.bincount(distances[np.isfinite(distances)].astype(np.int64)).tolist()

    return run


def main() -> int:
    """Print the table; non-zero where the histograms differ."""
    options = common.arguments("hop distances of all pairs").parse_args()
    rows, wrong = [], False
    for name, make in (QUICK if options.quick else CASES).items():
        if options.only.lower() not in name.lower():
            continue
        g, apart = make(), not options.quick
        ours = common.measured(mixcli, g, repeats=max(options.repeats, 1), limit=60.0, apart=apart)
        peer = common.measured(scipy, g, repeats=1, limit=max(options.limit, 120.0), apart=apart)
        same = ours.value == peer.value
        wrong |= not same
        rows.append([name, g.n, g.m, "equal" if same else "DIFFER", ours.wall, ours.processor, peer.processor])
        rows[-1].append(common.ratio(peer, ours))
        print("\t".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    head = ["graph", "n", "m", "histograms", "wall s", "processor s", "scipy s", "ratio"]
    print(common.table(head, rows))
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
