"""Matrices: resistances or hops between all nodes, masks layer by layer, attention of a head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.report.fields import label
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.matrices import hops, ordered, resistances
from mixcli.report.figures.measured import before_after, sentence
from mixcli.report.figures.style import FAINT, GOOD, INK, NEGATIVE, SEQUENTIAL, blank, colorbar, short
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

PANELS = 12
"""Layers that are drawn."""
TOKENS = 2048
"""Tokens up to which a mask or a head is drawn."""


@dataclass(frozen=True)
class HeatMap(Plot):
    """A matrix as colours: resistance or hops between all nodes of a graph, the mask of each layer, an attention head.

    Nodes stand in the order of the Fiedler vector, so that a bottleneck shows as two blocks; tokens in their own. Rows
    of masks and attention are queries, columns keys. Of a rewired mask, pairs that were added or removed are marked.

    Args:
        of: resistance, hops; of masks and attention nothing is to be said.
        order: of the nodes: by the Fiedler vector of each component, or as given.
        layer: of masks and attention; default all layers that differ (masks), or the first (attention).
        head: of attention; default the mean over heads.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> drawn = HeatMap()([Shown("graph", "path", path(4))])
        >>> print(drawn.caption[:61])
        Effective resistance (1 / conductance) between the 6 pairs of
    """

    of: Literal["resistance", "hops"] = param("resistance", "effective resistance or hop distance between nodes")
    order: Literal["fiedler", "given"] = param("fiedler", "order of the nodes: Fiedler vector, or as given")
    layer: int | None = param(None, "layer, from 0; default: all that differ of masks, the first of attention", ge=0)
    head: int | None = param(None, "head of attention, from 0; default the mean over heads", ge=0)
    most: int = param(2000, "nodes beyond which nothing is drawn", ge=1, le=5000)

    sources: ClassVar[tuple[str, ...]] = ("graph", "mask", "attention")
    axes: ClassVar[str] = "rows and columns: nodes; queries and keys. Colour: resistance, hops, readable, weight"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """By kind of source."""
        thing = things[0]
        if thing.kind == "graph":
            return self._graph(thing, context)
        if thing.data.tokens > TOKENS:
            fix = "plot a measure of tokens: -m influence"
            raise LimitExceeded(f"at most {TOKENS} tokens to draw", str(thing.data.tokens), fix, where=thing.name)
        return self._mask(thing) if thing.kind == "mask" else self._attention(thing)

    def _graph(self, thing: Shown, context: Context) -> Drawn:
        states = [thing.data] if thing.before is None else [thing.before, thing.data]
        if states[0].n > self.most:
            fix = "plot its values: --figure histogram -m effective_resistance"
            raise LimitExceeded(f"at most {self.most} nodes for a heat map", str(states[0].n), fix, where=thing.name)
        if not states[0].n:
            raise NotApplicable("a graph with nodes", "none", "give another", where=thing.name)
        order = ordered(states[0]) if self.order == "fiedler" else np.arange(states[0].n)
        found = [(resistances if self.of == "resistance" else hops)(g, context) for g in states]
        shown = [m[np.ix_(order, order)] for m in found]
        finite = np.concatenate([m[np.isfinite(m)] for m in shown])
        figure, panels = blank(1.2 + 3.9 * len(states), 3.9, 1, len(states))
        image: Any = None
        for panel, matrix, when in zip(panels, shown, ("before", "after"), strict=False):
            image = _image(panel, matrix, 0.0, float(finite.max()) or 1.0)
            panel.set(xlabel="node, by Fiedler vector" if self.order == "fiedler" else "node", ylabel="node")
            panel.set_title(when if len(states) > 1 else "")
        words = "effective resistance (1 / conductance)" if self.of == "resistance" else "distance (hops)"
        colorbar(figure, image, panels, words)
        n = states[0].n
        top = f"; the largest is {short(float(finite.max()))}"
        cut = " Blank: pairs that no path connects." if not all(np.isfinite(m).all() for m in found) else ""
        after = f" Before and after {label(thing.method) or 'edits'}, in the order and colours of before." * (
            len(states) > 1
        )
        pairs = n * (n - 1) // (1 if states[0].directed else 2)
        return Drawn(
            figure,
            f"{sentence(words)} between the {pairs} pairs of {n} nodes of {label(thing.name)}, exact{top}.{cut}{after}",
        )

    def _mask(self, thing: Shown) -> Drawn:
        tokens, before = thing.data, thing.before
        if before is not None and (before.tokens, before.depth) != (tokens.tokens, tokens.depth):
            before = None  # tokens were added, which moves all others
        layers = self._layers(tokens, before)
        columns = min(len(layers), 4)
        rows = -(-len(layers) // columns)
        figure, panels = blank(max(3.6, 1.9 * columns + 0.6), 2.1 * rows + 0.6, rows, columns, sharex=True, sharey=True)
        counts = []
        for panel, layer in zip(panels, layers, strict=False):
            now = tokens.visible(layer)
            old = now if before is None else before.visible(layer)
            codes = np.where(now & old, 1, np.where(now, 2, np.where(old, 3, 0)))
            _categories(panel, codes, edited=before is not None)
            panel.set_title(f"layer {_alike(tokens, layer, len(layers))}")
            counts.append((int((codes == 2).sum()), int((codes == 3).sum())))
        for panel in panels[len(layers) :]:
            panel.set_visible(False)
        _keys_and_queries(panels, columns, len(layers))
        density = float(np.mean([tokens.visible(k).mean() for k in layers]))
        t, depth = tokens.tokens, tokens.depth
        edits = ""
        if before is not None:
            edits = f" Against {before_after(thing)[0]}: pairs added (green) {', '.join(str(a) for a, _ in counts)}; "
            edits += f"removed (red) {', '.join(str(r) for _, r in counts)}."
        left = " Layers that are alike are drawn once." if len(layers) < depth and self.layer is None else ""
        return Drawn(
            figure,
            f"Shaded: key that a query may read, in {label(thing.name)}: {t} tokens, {depth} "
            f"layer{'s' * (depth != 1)}; {density:.1%} of all pairs in the layers drawn, exact.{left}{edits}",
        )

    def _layers(self, tokens: Any, before: Any) -> list[int]:
        """Those that differ from all before them, before or after."""
        if self.layer is not None:
            return [_within(self.layer, tokens.depth, "layer")]
        seen: dict[tuple[int, int], int] = {}
        for layer in range(tokens.depth):
            seen.setdefault((tokens.like(layer), before.like(layer) if before is not None else 0), layer)
        return list(seen.values())[:PANELS]

    def _attention(self, thing: Shown) -> Drawn:
        tokens = thing.data
        layer = _within(self.layer or 0, tokens.depth, "layer")
        number, heads = tokens.selection[layer]
        if self.head is None:
            weights, who = tokens.operator(layer), f"{tokens.merge} over {len(heads)} heads"
        else:
            if self.head not in heads:
                raise UsageError(f"a head among {', '.join(map(str, heads))}", str(self.head), where="head")
            weights, who = np.asarray(tokens.head(layer, self.head), dtype=np.float64), f"head {self.head}"
        figure, (panel,) = blank(5.2, 4.2)
        image = _image(panel, weights, min(0.0, float(weights.min())), float(weights.max()))
        panel.set(xlabel="key", ylabel="query")
        colorbar(figure, image, panel, "attention weight")
        return Drawn(
            figure,
            f"Attention of layer {number}, {who}, in {label(thing.name)}: {tokens.tokens} tokens, rows sum to 1, as the"
            f" file says; the largest weight is {short(float(weights.max()))}.",
        )


def _within(place: int, count: int, what: str) -> int:
    if place >= count:
        raise UsageError(f"a {what} from 0 to {count - 1}", str(place), "choose one of them", where=what)
    return place


def _alike(tokens: Any, layer: int, drawn: int) -> str:
    """The numbers of the layers that are like one, from 0."""
    like = [k for k in range(tokens.depth) if tokens.like(k) == tokens.like(layer)]
    if drawn == 1 and len(like) == tokens.depth > 1:
        return f"0–{tokens.depth - 1}"
    return ", ".join(map(str, like)) if len(like) <= 4 else f"{like[0]} and {len(like) - 1} more"


def _image(panel: Axes, matrix: NDArray[np.float64], low: float, high: float) -> Any:
    blanked = np.ma.masked_invalid(np.where(np.isfinite(matrix), matrix, np.nan))
    panel.spines[:].set_visible(False)
    return panel.imshow(blanked, cmap=SEQUENTIAL, vmin=low, vmax=high, interpolation="nearest", aspect="equal")


def _categories(panel: Axes, codes: NDArray[np.int64], edited: bool) -> None:
    """0 not readable, 1 readable, lighter where edits are to stand out; 2 added, 3 removed."""
    from matplotlib.colors import ListedColormap

    panel.imshow(
        codes,
        cmap=ListedColormap(["#f3f3f3", "#b3c4d4" if edited else "#3b5b7a", GOOD, NEGATIVE]),
        vmin=0,
        vmax=3,
        interpolation="nearest",
    )
    panel.spines[:].set_visible(True)
    panel.spines[:].set_color(FAINT)
    panel.tick_params(color=INK)


def _keys_and_queries(panels: Sequence[Axes], columns: int, count: int) -> None:
    for place, panel in enumerate(panels[:count]):
        if place % columns == 0:
            panel.set_ylabel("query")
        if place + columns >= count:
            panel.set_xlabel("key")
            panel.tick_params(labelbottom=True)
