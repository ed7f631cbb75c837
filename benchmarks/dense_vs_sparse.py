"""Where dense attention overtakes sparse message passing: the same layer over a mask and over its arcs.

    python benchmarks/dense_vs_sparse.py [--quick] [--repeats K] [--device cpu|cuda] [--backward]

n nodes hear k random nodes each and themselves. One attention layer (width 64, 4 heads, float32, one thread) is
computed over all pairs under a mask, with torch's fused kernel, and over the arcs alone; both must agree before a time
is shown.
The density at which both take the same time is read off by interpolation between the two nearest rows, on logarithms.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from common import arguments, table

from mixcli.numerics.device import resolve
from mixcli.training.attention import MultiHeadAttention
from mixcli.training.device import synchronise
from mixcli.training.node_attention import over_all_pairs, over_arcs

WIDTH, HEADS = 64, 4
MOST_ARCS = 2**20
"""Arcs at most: each costs a query, a key and a value of the whole width."""
HEAD = ("n", "keys a node", "density", "dense, ms", "sparse, ms", "sparse/dense", "difference")


def case(n: int, k: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Signals, mask and arcs: every node hears k random ones and itself."""
    rng = np.random.default_rng(0)
    mask = np.eye(n, dtype=bool)
    if k >= n:
        mask[:] = True
    else:
        mask[np.arange(n)[:, None], rng.integers(0, n, (n, k))] = True
    receiver, sender = np.nonzero(mask)
    x = torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(0))
    return tuple(torch.as_tensor(part, device=device) for part in (x, mask, receiver, sender))  # type: ignore[return-value]


def timed(run: Callable[[], torch.Tensor], device: torch.device, repeats: int) -> float:
    """Median seconds, the first run left out."""
    run()
    took = []
    for _ in range(repeats):
        synchronise(device)
        began = time.perf_counter()
        run()
        synchronise(device)
        took.append(time.perf_counter() - began)
    return median(took)


def with_gradient(run: Callable[[], torch.Tensor], attention: MultiHeadAttention) -> Callable[[], torch.Tensor]:
    """The same with the gradient of the sum of squares."""
    return lambda: torch.autograd.grad((run() ** 2).sum(), list(attention.parameters()))[0]


def crossing(rows: list[tuple[float, float]]) -> str:
    """Density at which the ratio sparse/dense passes 1, of (density, ratio) in ascending order."""
    for (low, a), (high, b) in itertools.pairwise(rows):
        if a <= 1 < b:
            share = -math.log(a) / (math.log(b) - math.log(a))
            return f"{math.exp(math.log(low) + share * math.log(high / low)):.3g}"
    return "never" if rows[-1][1] <= 1 else f"below {rows[0][0]:.3g}"


def main() -> int:
    parser = arguments(str(__doc__).partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--backward", action="store_true", help="time the gradient too")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(resolve(chosen.device))
    attention = MultiHeadAttention(WIDTH, HEADS, torch.Generator().manual_seed(0)).to(device)
    sizes = (64, 256) if chosen.quick else (256, 1024, 4096)
    shown, found = [], []
    for n in sizes:
        ratios = []
        for k in sorted({2, 8, 32, 128, n // 4, n}):
            if k > n or k * n > MOST_ARCS:
                continue
            x, mask, receiver, sender = case(n, k, device)
            density = len(receiver) / n**2
            dense = lambda: over_all_pairs(attention, x, None if mask.all() else mask)  # noqa: B023, E731
            sparse = lambda: over_arcs(attention, x, receiver, sender)  # noqa: B023, E731
            with torch.no_grad():
                difference = float((dense() - sparse()).abs().max())
            if difference > 1e-5:
                print(f"n={n}, k={k}: the two ways differ by {difference:.1e}", file=sys.stderr)
                return 1
            if chosen.backward:
                times = [timed(with_gradient(f, attention), device, chosen.repeats) for f in (dense, sparse)]
            else:
                with torch.no_grad():
                    times = [timed(f, device, chosen.repeats) for f in (dense, sparse)]
            ratios.append((density, times[1] / times[0]))
            shown.append((n, k, density, 1e3 * times[0], 1e3 * times[1], times[1] / times[0], f"{difference:.0e}"))
        found.append(f"n = {n}: dense overtakes at density {crossing(ratios)}")
    print(f"{device}, torch {torch.__version__}, {'forward and backward' if chosen.backward else 'forward'}\n")
    print(table(HEAD, shown) + "\n")
    print("\n".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
