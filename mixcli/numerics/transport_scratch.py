"""The arrays in which `mixcli.numerics.transport_kernel` works: allocated once a thread, sized by the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Scratch", "Sizes", "allocate"]

NARROW = 4  # words of N(y) up to which every row at distance one is a bit set
POOL = 1 << 24  # words kept of rows at distance two, 128 MiB; lists of one hub never need more at once than they must
SIEVE = 1 << 16  # bits, 8 KiB: a share of the fastest cache


class Sizes(NamedTuple):
    """What decides how much working memory the edges of a graph take.

    Args:
        nodes: n.
        targets: largest degree d of the larger ends.
        sources: largest degree of the smaller ends.
        entries: largest sum of neighbour degrees of a larger end.
        cells: largest product of (d_x + 2)(d_y + 2) over the edges.
        words: largest (d_x + 2) ⌈(d_y + 2)/64⌉ over the edges.
        support: largest (d_y + 2) ⌈(d_x + 2)/64⌉ over the edges.
        degree: largest degree of all nodes.
    """

    nodes: int
    targets: int
    sources: int
    entries: int
    cells: int
    words: int
    support: int
    degree: int

    @property
    def pool(self) -> int:
        """Words for rows at distance two."""
        row = self.targets // 64 + 1
        return max((self.sources + 1) * row, min(self.nodes * row, POOL))

    @property
    def memory(self) -> int:
        """Bytes one thread may touch."""
        small = 64 * self.nodes + 90 * self.targets + 100 * self.sources + 4 * self.degree
        return small + 8 * self.entries + 8 * self.pool + 4 * self.cells + 16 * self.words + 16 * self.support


class Scratch(NamedTuple):
    """Working arrays of one thread; "row" is a bit set over the positions in N(y), or over classes of them.

    Args:
        position: (n,) place of a node in N(y), -1 elsewhere.
        span: (2n,) or N(k) ∩ N(y) as entries[span[2k]:span[2k+1]].
        seen: nodes with such a list.
        entries: positions.
        row_of: (n,) where the row N(k) ∩ N(y) of a node starts in rows_at_one; 0 where it has none.
        sieve: bit set over the nodes modulo its length; those that have such a row or list are in it.
        rows_at_one: those rows.
        slot: (n,) which row of pool belongs to a node, or -1.
        slots: nodes with a row in pool.
        pool: rows of N(N(s)) ∩ N(y).
        picked: neighbours of a node that pass the sieve.
        target: row of the targets N(y) - N(x) - x.
        near: (d,) bit set of the sources next to a target.
        within: (d,) bit set of the sources within distance two of it.
        stamp: (d,) edge at which near and within were last reset.
        touched: targets next to or within two of some source.
        source: nodes that must give mass away.
        supply: how much.
        demand: how much each class of targets must get.
        hashed: edge at which a place of the hash table was last filled.
        held: class at a place of the hash table.
        class_near: `near` of a class.
        class_within: `within` of a class.
        arc: bit set of sources with a tight arc to a class.
        rows: bit set of classes that a source has a tight arc to.
        support: bit set of sources that send flow to a class.
        flow: how much.
        layer_rows: row of classes first reached at each layer of the search.
        layer_sources: bit set of sources at each layer.
        open: row of classes whose demand is not met.
        unseen: row of classes that the search has not reached.
        reached: bit set of sources that it has.
        via: class through which the path enters a layer, and while searching, classes found.
        walk: source of the path in a layer, and while searching, parents.
        tile: (64,) block being transposed.
    """

    position: NDArray[np.int32]
    span: NDArray[np.int32]
    seen: NDArray[np.int32]
    entries: NDArray[np.int32]
    row_of: NDArray[np.int32]
    sieve: NDArray[np.uint64]
    rows_at_one: NDArray[np.uint64]
    slot: NDArray[np.int32]
    slots: NDArray[np.int32]
    pool: NDArray[np.uint64]
    picked: NDArray[np.int32]
    target: NDArray[np.uint64]
    near: NDArray[np.uint64]
    within: NDArray[np.uint64]
    stamp: NDArray[np.int32]
    touched: NDArray[np.int32]
    source: NDArray[np.int32]
    supply: NDArray[np.int64]
    demand: NDArray[np.int64]
    hashed: NDArray[np.int32]
    held: NDArray[np.int32]
    class_near: NDArray[np.uint64]
    class_within: NDArray[np.uint64]
    arc: NDArray[np.uint64]
    rows: NDArray[np.uint64]
    support: NDArray[np.uint64]
    flow: NDArray[np.int32]
    layer_rows: NDArray[np.uint64]
    layer_sources: NDArray[np.uint64]
    open: NDArray[np.uint64]
    unseen: NDArray[np.uint64]
    reached: NDArray[np.uint64]
    via: NDArray[np.int32]
    walk: NDArray[np.int32]
    tile: NDArray[np.uint64]


def allocate(sizes: Sizes) -> Scratch:
    """Working memory for one thread; pages that no edge needs are never touched."""
    n, d, s = sizes.nodes, sizes.targets + 72, sizes.sources + 72
    row, mask = d // 64 + 1, s // 64 + 1
    ones = max(sizes.entries // 2 + 2 * row, NARROW * (min(n, sizes.entries) + 2))
    places = 1 << (2 * d).bit_length()
    u64, i32 = np.uint64, np.int32
    return Scratch(
        position=np.full(n, -1, i32), span=np.zeros(2 * n, i32), seen=np.empty(n + 1, i32),
        entries=np.empty(sizes.entries + 1, i32), row_of=np.zeros(n, i32), sieve=np.zeros(SIEVE // 64, u64),
        rows_at_one=np.empty(ones, u64), slot=np.full(n, -1, i32), slots=np.empty(n, i32),
        pool=np.empty(sizes.pool + row, u64), picked=np.empty(sizes.degree + 1, i32), target=np.empty(row, u64),
        near=np.empty(d, u64), within=np.empty(d, u64), stamp=np.full(d, -1, i32), touched=np.empty(d, i32),
        source=np.empty(s, i32), supply=np.empty(s, np.int64), demand=np.empty(d, np.int64),
        hashed=np.full(places, -1, i32), held=np.empty(places, i32), class_near=np.empty(d, u64),
        class_within=np.empty(d, u64), arc=np.empty(d, u64), rows=np.empty(sizes.words + row, u64),
        support=np.empty(sizes.support + mask, u64), flow=np.empty(sizes.cells, i32),
        layer_rows=np.empty(sizes.words + row, u64), layer_sources=np.empty((s + 1) * mask, u64),
        open=np.empty(row, u64), unseen=np.empty(row, u64), reached=np.empty(mask, u64), via=np.empty(max(d, s), i32),
        walk=np.empty(max(d, s), i32), tile=np.empty(64, u64),
    )  # fmt: skip
