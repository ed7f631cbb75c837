"""A small graph as dots and lines, edges coloured by a measure, edits of a rewiring marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import LimitExceeded, MixcliError
from mixcli.report.fields import label
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.layout import layout
from mixcli.report.figures.measured import Series, axis_label, before_after, measured, trust
from mixcli.report.figures.style import DIVERGING, FAINT, GOOD, INK, NEGATIVE, SEQUENTIAL, blank, colorbar, short
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mixcli.graph import Graph

MOST_EDGES = 3000
NAMED = 40
"""Nodes up to which each is named."""


@dataclass(frozen=True)
class Drawing(Plot):
    """A small graph, its edges or nodes coloured by a measure, added and removed edges marked.

    The places are those of springs that start from the spectral layout, without anything random. They are computed for
    the graph before, so that the same node stands at the same place before and after.

    Args:
        measure: of edges or nodes; default balanced_forman, none where it is not defined.
        layout: springs, or the two eigenvectors of the normalised Laplacian alone.
        most: nodes beyond which nothing is drawn.
        names: whether nodes are named; default up to 40.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> drawn = Drawing()([Shown("graph", "barbell", barbell(5))])
        >>> print(drawn.caption[:58])
        barbell: 10 nodes, 21 edges, edges by balanced forman (exa
    """

    measure: str = param("", "edge or node measure that gives the colours; default balanced_forman")
    layout: Literal["springs", "spectral"] = param("springs", "springs, or spectral alone")
    most: int = param(300, "nodes beyond which a drawing is refused", ge=1, le=2000)
    names: bool | None = param(None, "whether nodes are named; default up to 40 of them")

    sources: ClassVar[tuple[str, ...]] = ("graph",)
    axes: ClassVar[str] = "places without meaning; colours: the measure with its unit"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """One panel: the graph after, with what was removed."""
        thing = things[0]
        graph: Graph = thing.data
        if graph.n > self.most or graph.m > MOST_EDGES:
            found = f"{graph.n} nodes and {graph.m} edges"
            fix = "use --figure histogram, or convert it to GEXF for a program that lays out large graphs"
            raise LimitExceeded(
                f"at most {self.most} nodes and {MOST_EDGES} edges to draw", found, fix, where=thing.name
            )
        places = layout(graph if thing.before is None else thing.before, self.layout)
        wide, tall = np.ptp(places, axis=0) if graph.n else (1.0, 1.0)
        figure, (panel,) = blank(6.4, float(np.clip(0.5 + 5.0 * tall / max(wide, 0.4), 2.4, 5.2)))
        panel.set_axis_off()
        panel.set_aspect("equal")
        panel.margins(0.06, 0.12)
        series = self._series(graph, context)
        added, removed = edited(thing)
        shown = self._edges(panel, graph, places, series, added)
        _lines(panel, places, removed, color=NEGATIVE, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1, label="removed")
        dots = self._nodes(panel, graph, places, series)
        shown = shown or dots
        if shown is not None and series is not None:
            colorbar(figure, shown, panel, axis_label(series.measure, series.unit))
        if len(added) or len(removed):
            panel.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3)
        return Drawn(figure, _caption(thing, series, len(added), len(removed)))

    def _series(self, graph: Graph, context: Context) -> Series | None:
        if not graph.m:
            return None
        try:
            return measured(graph, self.measure or "balanced_forman", context, levels=("edge", "node"))
        except MixcliError:
            if self.measure:
                raise
            return None  # the default is a courtesy

    def _edges(
        self, panel: Axes, graph: Graph, places: NDArray[np.float64], series: Series | None, added: NDArray[Any]
    ) -> Any:
        new = np.zeros(graph.m, dtype=bool)
        new[added] = True
        # A halo tells added edges from the others whatever their colour.
        _lines(panel, places, graph.edges[new], color=GOOD, linewidth=6.5, alpha=0.35, zorder=1, label="added")
        if graph.directed:
            _arrows(panel, places, graph.edges)
        if series is None or series.level != "edge":
            return _lines(panel, places, graph.edges, color=FAINT, linewidth=1.0, zorder=2) and None
        order = np.argsort(np.abs(series.shown), kind="stable")  # the strongest on top
        finite = series.shown[order]
        wide = np.where(finite < 0, 2.8, 1.4)  # so that the sign is seen without colours
        drawn = _lines(panel, places, graph.edges[order], linewidth=wide, zorder=2)
        drawn.set(array=np.ma.masked_invalid(finite), cmap=_map(series), norm=_norm(series))
        return drawn

    def _nodes(self, panel: Axes, graph: Graph, places: NDArray[np.float64], series: Series | None) -> Any:
        names = graph.n <= NAMED if self.names is None else self.names
        size = float(np.clip(2400 / max(1, graph.n), 14, 150))
        by_node = series is not None and series.level == "node"
        look: dict[str, Any] = {"color": "white"}
        if by_node and series is not None:
            look = {"c": np.ma.masked_invalid(series.shown), "cmap": _map(series), "norm": _norm(series)}
        dots = panel.scatter(*places.T, s=size, edgecolors=INK, linewidths=0.8, zorder=3, clip_on=False, **look)
        for node in range(graph.n if names else 0):
            said = label(graph.labels[node], 8) if graph.labels is not None else str(node)
            panel.annotate(
                said, places[node], ha="center", va="center", fontsize=6.5, zorder=4,
                color="black" if not by_node else "#5a2a00",
            )  # fmt: skip
        return dots if by_node else None


def edited(thing: Shown) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the edges that were added, and the ends of those that were removed."""
    after: Graph = thing.data
    if thing.before is None:
        return np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    codes = [g.edges[:, 0] * max(1, after.n) + g.edges[:, 1] for g in (after, thing.before)]
    added = np.flatnonzero(~np.isin(codes[0], codes[1]))
    return added, thing.before.edges[~np.isin(codes[1], codes[0])]


def _lines(panel: Axes, places: NDArray[np.float64], edges: NDArray[np.int64], **look: Any) -> Any:
    from matplotlib.collections import LineCollection

    if not len(edges):
        return None
    drawn = LineCollection(list(places[edges]), **look)
    panel.add_collection(drawn)
    return drawn


def _arrows(panel: Axes, places: NDArray[np.float64], edges: NDArray[np.int64]) -> None:
    """Heads a little before the end of each arc."""
    if not len(edges):
        return
    start, end = places[edges[:, 0]], places[edges[:, 1]]
    tip = start + 0.72 * (end - start)
    way = end - start
    panel.quiver(
        *tip.T, *(0.02 * way / np.maximum(np.linalg.norm(way, axis=1), 1e-9)[:, None]).T, angles="xy",
        scale_units="xy", scale=1, headwidth=9, headlength=11, headaxislength=9, width=0.0018, color=FAINT, zorder=2,
    )  # fmt: skip


def _signed(series: Series) -> bool:
    return bool((series.finite < 0).any())


def _map(series: Series) -> Any:
    return DIVERGING if _signed(series) else SEQUENTIAL.resampled(256)


def _norm(series: Series) -> Any:
    """Zero in the middle of the colours where there are values below it."""
    from matplotlib.colors import Normalize

    x = series.finite if len(series.finite) else np.zeros(1)
    if _signed(series):
        most = float(np.abs(x).max())
        return Normalize(-most, most)
    low, high = float(x.min()), float(x.max())
    return Normalize(low - 0.35 * (high - low or 1.0), high)  # the lightest colours are not seen on white


def _caption(thing: Shown, series: Series | None, added: int, removed: int) -> str:
    graph: Graph = thing.data
    name = label(thing.name) or "a graph"
    parts = [f"{name}: {graph.n} node{'s' * (graph.n != 1)}, {graph.m} edge{'s' * (graph.m != 1)}"]
    if series is not None:
        how = trust([series])
        parts.append(f", {series.level}s by {axis_label(series.measure, series.unit)}{f' ({how})' * bool(how)}")
        if len(series.finite):
            parts.append(f", {short(float(series.finite.min()))} to {short(float(series.finite.max()))}")
            parts.append(", thick below zero" if series.level == "edge" and _signed(series) else "")
    parts.append(". ")
    if thing.before is not None:
        first, second = before_after(thing)
        what = f"{second}" if first == "before" else f"{second} against {first}"
        parts.append(f"Edits, {what}: {added} edges added (halo), {removed} removed (dotted). ")
    elif thing.method:
        parts.append(f"It was rewired by {label(thing.method)}; what was removed does not stand in the file. ")
    count = graph.components.count
    parts.append(f"{count} components. " if count > 1 else "")
    return "".join([*parts, "Places carry no meaning."])
