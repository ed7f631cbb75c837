"""Resistances of tokens against plain dense and sparse solves of the same equations.

python benchmarks/sequence.py [--quick] [--only NAME]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import common  # before numpy: it caps the threads
import numpy as np

from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence_base import measure_sequence
from mixcli.sequence import MaskSequence

CASES = (
    ("resistance_restart", "causal:tokens=2048"),
    ("resistance_restart", "sink:4,16,tokens=2048"),
    ("resistance_restart", "causal:tokens=8192"),
    ("hitting_sink", "strided:16,tokens=2048"),
    ("resistance_layered", "causal:tokens=128,layers=6"),
    ("resistance_layered", "window:16,tokens=256,layers=6"),
    ("resistance_layered", "strided:16,tokens=256,layers=6"),
    ("resistance_layered", "causal:tokens=256,layers=6"),
    ("resistance_layered", "causal:tokens=1024,layers=6"),
    ("resistance_ysl", "causal:tokens=256"),
    ("resistance_ysl", "causal:tokens=512"),
    ("resistance_ysl", "causal:tokens=1024"),
)
QUICK = (
    ("resistance_restart", "causal:tokens=300"),
    ("hitting_sink", "strided:16,tokens=300"),
    ("resistance_layered", "strided:5,tokens=40,layers=4"),
    ("resistance_ysl", "causal:tokens=150"),
)
CLOSE = 1e-7
"""Largest relative difference that passes for the same values."""


def mixcli(method: str, spec: str) -> Callable[[], Any]:
    """The measure, making the mask included."""
    measure_sequence(sequence_of(f"causal:tokens={sequence_of(spec).tokens // 8}"), method)  # imports

    def run() -> Any:
        return np.asarray(measure_sequence(sequence_of(spec), method)[method].data)

    return run


def plain(method: str, spec: str) -> Callable[[], Any]:
    """The same equations by the solvers of numpy and scipy, matrices built beforehand."""
    tokens = sequence_of(spec)
    return {
        "resistance_restart": _restart,
        "hitting_sink": _hitting,
        "resistance_layered": _layered,
        "resistance_ysl": _noise,
    }[method](tokens)


def _restart(tokens: MaskSequence) -> Callable[[], Any]:
    chain, size = tokens.operator(0), tokens.tokens

    def run() -> Any:
        unit = np.zeros(size - 1)
        unit[-1] = 1.0
        visits = np.linalg.solve((np.eye(size - 1) - chain[1:, 1:]).T, unit)
        return np.concatenate(([1.0], 1.0 / (visits[:-1] * (1.0 - np.diagonal(chain)[1:-1])), [0.0]))

    return run


def _hitting(tokens: MaskSequence) -> Callable[[], Any]:
    chain, size = tokens.operator(0), tokens.tokens
    return lambda: np.concatenate(([0.0], np.linalg.solve(np.eye(size - 1) - chain[1:, 1:], np.ones(size - 1))))


def _layered(tokens: MaskSequence) -> Callable[[], Any]:
    """One sparse Cholesky-like factorisation (SuperLU) for each source's own network."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    masks, size, depth = [tokens.visible(k) for k in range(tokens.depth)], tokens.tokens, tokens.depth
    back = [np.arange(size) == tokens.read_out]
    for mask in reversed(masks):
        back.insert(0, mask[back[0]].any(axis=0))

    def one(source: int) -> float:
        ahead, rows, cols = np.arange(size) == source, [], []
        if not back[0][source]:
            return np.inf
        for layer, mask in enumerate(masks):
            after = mask[:, ahead].any(axis=1) & back[layer + 1]
            queries, keys = np.nonzero(mask & after[:, None] & (ahead & back[layer])[None, :])
            rows.append(queries + (layer + 1) * size)
            cols.append(keys + layer * size)
            ahead = mask[:, ahead].any(axis=1)
        places, ends = np.unique(np.concatenate([*rows, *cols]), return_inverse=True)
        u, v = np.split(ends, 2)
        count = len(places)
        both, other = np.concatenate([u, v]), np.concatenate([v, u])
        links = coo_array((np.ones(len(both)), (both, other)), shape=(count, count)).tocsc()
        laplacian = (coo_array((links.sum(axis=0), (np.arange(count),) * 2), shape=links.shape) - links).tocsc()
        start, end = np.searchsorted(places, [source, depth * size + tokens.read_out])
        rest = np.flatnonzero(np.arange(count) != end)
        unit = (rest == start).astype(np.float64)
        return float(splu(laplacian[rest][:, rest]).solve(unit)[unit > 0][0])

    return lambda: np.array([one(source) for source in range(size)])


def _noise(tokens: MaskSequence) -> Callable[[], Any]:
    from scipy.linalg import null_space, solve_continuous_lyapunov

    size = tokens.tokens
    laplacian = np.eye(size) - tokens.operator(0)

    def run() -> Any:
        across = null_space(np.ones((1, size))).T
        spread = across.T @ solve_continuous_lyapunov(across @ laplacian @ across.T, np.eye(size - 1)) @ across
        own = np.diagonal(spread)
        return 2.0 * (own + own[-1] - 2.0 * spread[-1])

    return run


def difference(ours: Any, peer: Any) -> float:
    """Largest relative difference; infinities must be at the same places."""
    there = np.isfinite(ours)
    if (there != np.isfinite(peer)).any():
        return float("inf")
    return float((np.abs(ours[there] - peer[there]) / np.maximum(1e-3, np.abs(peer[there]))).max())


def main() -> int:
    """Print the table; non-zero where values differ."""
    options = common.arguments("resistances of tokens").parse_args()
    rows, wrong = [], False
    for method, spec in QUICK if options.quick else CASES:
        if options.only.lower() not in f"{method} {spec}":
            continue
        apart = not options.quick
        ours = common.measured(mixcli, method, spec, repeats=max(options.repeats, 1), limit=60.0, apart=apart)
        peer = common.measured(plain, method, spec, repeats=1, limit=max(options.limit, 60.0), apart=apart)
        if ours.value is None:
            wrong, agreement = True, ours.note
        elif peer.value is None:
            agreement = _closed_form(method, spec, ours.value)
        else:
            far = difference(ours.value, peer.value)
            wrong |= not far < CLOSE
            agreement = f"{far:.1g}" if far < CLOSE else f"DIFFER {far:.1g}"
        rows.append([method, spec, agreement, ours.wall, ours.processor, peer.processor, common.ratio(peer, ours)])
        print("\t".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    head = ["measure", "mask", "difference", "wall s", "processor s", "plain solve s", "ratio"]
    print(common.table(head, rows))
    return int(wrong)


def _closed_form(method: str, spec: str, values: Any) -> str:
    """Agreement with what is known where the peer did not end.

    Under causal attention restart resistance is j + 1, and layered resistance depends on the distance alone.
    """
    if method == "resistance_restart" and spec.startswith("causal"):
        return f"{np.abs(values[:-1] - np.arange(1, len(values))).max():.1g} from j + 1"
    if method == "resistance_layered" and spec.startswith("causal"):
        tail = plain(method, spec.replace("tokens=1024", "tokens=64"))()
        return f"{difference(values[-64:], tail):.1g}, last 64"
    return "not compared"


if __name__ == "__main__":
    sys.exit(main())
