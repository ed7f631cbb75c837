"""Records: one JSON object per source and command, with nothing in it that JSON cannot hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.catalog import MEASURES, SEQUENCE_MEASURES
from mixcli.graph import Graph
from mixcli.provenance import environment
from mixcli.sequence import PAUSE, REAL, SINK, Attention, MaskSequence, TokenGraph
from mixcli.spec import spec_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.measures.base import Measure, Values
    from mixcli.measures.sequence_base import SequenceMeasure

__all__ = [
    "SCHEMA", "analysis", "entry", "extremes", "graph_facts", "head", "headline", "jsonable", "node_entry", "refusal",
    "sequence_facts", "summary", "tiers", "token_at",
]  # fmt: skip

SCHEMA = "mixcli.analysis/1"

MAX_TIES = 5
"""How many edges or nodes `argmin` and `argmax` list where several tie."""


def analysis(
    graph: Graph | TokenGraph, index: int, measures: Mapping[str, dict[str, Any]], seconds: float | None = None
) -> dict[str, Any]:
    """The record of one analysed graph, mask sequence or attention.

    Args:
        graph: what was analysed.
        index: its place among the graphs of its source.
        measures: catalog name -> entry.
        seconds: wall time, or None to leave times out.
    """
    origin = graph.origin
    source = {
        "name": graph.name,
        "format": origin.spec if origin else None,
        "sha256": origin.sha256 if origin else None,
    }
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "source": {**source, "index": index},
        **head(graph),
        "measures": dict(measures),
        "provenance": [s.to_json() for s in graph.provenance],
        "environment": environment(),
    }
    if seconds is not None:
        record["seconds"] = round(seconds, 6)
    return jsonable(record)


def head(thing: Graph | TokenGraph) -> dict[str, Any]:
    """The kind of source, and the counts that stand at the head of its record."""
    if isinstance(thing, (MaskSequence, Attention)):
        return {"kind": thing.kind, "sequence": sequence_facts(thing)}
    return {"kind": "graph", "graph": graph_facts(thing)}


def sequence_facts(tokens: TokenGraph) -> dict[str, Any]:
    """Counts that stand at the head of a record of tokens."""
    facts: dict[str, Any] = {
        "tokens": tokens.tokens,
        "layers": tokens.depth,
        "causal": tokens.causal,
        "read_out": tokens.read_out,
    }
    if isinstance(tokens, Attention):
        counts = [len(chosen) for _, chosen in tokens.selection]
        facts["heads"] = counts[0] if len(set(counts)) == 1 else counts
        facts["hidden_states"] = tokens.store.hidden_states
    for role, word in ((SINK, "sinks"), (PAUSE, "pauses")):
        if count := int(np.count_nonzero(tokens.roles == role)):
            facts[word] = count
    return facts


def graph_facts(graph: Graph) -> dict[str, Any]:
    """Counts that stand at the head of every record."""
    return {
        "nodes": graph.n,
        "edges": graph.m,
        "directed": graph.directed,
        "weighted": graph.weight is not None,
        "self_loops": int(graph.notes.get("self_loops", 0)),
        "components": graph.components.count,
    }


def entry(measure: Measure | SequenceMeasure, values: Values, seconds: float | None = None) -> dict[str, Any]:
    """What a record says about one measure.

    Args:
        measure: the measure, for its facts.
        values: what it found.
        seconds: time it took, or None.
    """
    out: dict[str, Any] = {"level": values.level}
    if asked := _asked(measure):
        out["spec"] = asked
    data = values.data
    if values.level == "graph" or data is None:
        out["value"] = data
        if data is None or (isinstance(data, float) and not math.isfinite(data)):
            out["reason"] = values.reason or "not defined for this graph"
    else:
        out["summary"] = summary(np.asarray(data))
    out["unit"] = measure.unit
    if measure.better:
        out["better"] = measure.better
    out["exact"] = values.exact
    if values.error is not None:
        out["error"] = float(np.max(values.error)) if np.size(values.error) else 0.0
    if values.residual is not None:
        out["residual"] = values.residual
    if values.details:
        out["details"] = dict(values.details)
    if caveat := getattr(measure, "caveat", ""):
        out["caveat"] = caveat
    if seconds is not None:
        out["seconds"] = round(seconds, 6)
    return out


def _asked(measure: Measure | SequenceMeasure) -> str:
    """The spec of a measure with parameters of its own, empty where all are the defaults."""
    cls = type(measure)
    catalog = next((c for c in (MEASURES, SEQUENCE_MEASURES) if c.name_of(cls) in c.table), None)
    spec = spec_of(catalog.name_of(cls), measure) if catalog is not None else ""
    return spec if ":" in spec else ""


def refusal(measure: Measure | SequenceMeasure, reason: str) -> dict[str, Any]:
    """The entry of a measure that does not apply, or would cost too much."""
    return {"level": measure.level, "value": None, "reason": reason, "unit": measure.unit, "exact": False}


def summary(values: np.ndarray) -> dict[str, Any]:
    """Location, spread and sign of a set of values.

    Args:
        values: (k,) numbers; infinite ones are counted and left out of the rest. What rounding alone has put below 0
            is not counted as negative.

    Example:
        >>> float(summary(np.array([1.0, 3.0]))["mean"])
        2.0
    """
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    out: dict[str, Any] = {"count": len(values)}
    if len(finite) < len(values):
        out["infinite"] = len(values) - len(finite)
    if not len(finite):
        return {**out, "reason": "no values"}
    q05, q50, q95 = np.quantile(finite, [0.05, 0.5, 0.95])
    rounding = 1e-12 * min(1.0, float(np.abs(finite).max()))
    return {
        **out,
        "min": finite.min(),
        "mean": finite.mean(),
        "max": finite.max(),
        "std": finite.std(),
        "q05": q05,
        "q50": q50,
        "q95": q95,
        "negative_fraction": (finite < -rounding).mean(),
    }


def node_entry(means: Values) -> dict[str, Any]:
    """What the entry of an edge measure says about its means over the edges of each node.

    Args:
        means: (n,) of level "node", NaN where there is none; its reason is passed on.
    """
    data = np.asarray(means.data)
    there = np.flatnonzero(~np.isnan(data))
    out = {"summary": summary(data[there]), **{k: there[rows].tolist() for k, rows in _ties(data[there]).items()}}
    return {**out, "isolated": len(data) - len(there), "reason": means.reason} if means.reason else out


def headline(measure: Measure | SequenceMeasure, thing: Graph | TokenGraph, values: Values) -> dict[str, Any]:
    """The one number by which values of tokens are told, where that is not their mean: of which token, and what it is.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> from mixcli.measures.sequence.influence import Influence
        >>> tokens = sequence_of("causal:tokens=2,layers=1")
        >>> headline(Influence(), tokens, Influence()(tokens))
        {'headline': {'token': 'first', 'value': 0.25}}
    """
    place = getattr(measure, "headline", "mean")
    if isinstance(thing, Graph) or place == "mean" or values.level != "token" or values.data is None:
        return {}
    return {"headline": {"token": place, "value": float(np.asarray(values.data)[token_at(thing, place)])}}


def token_at(tokens: TokenGraph, place: str) -> int:
    """The first or the last real token, or the read-out.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> token_at(sequence_of("causal:tokens=5,layers=1"), "last")
        4
    """
    if place == "read_out":
        return tokens.read_out
    real = np.flatnonzero(tokens.roles == REAL)
    return int(real[0 if place == "first" else -1])


def extremes(graph: Graph | TokenGraph, values: Values) -> dict[str, Any]:
    """`argmin` and `argmax` of values per element, as numbers of nodes, tokens or (layer, head).

    Ties, up to rounding, stand in canonical order.
    """
    data = values.data
    if values.level == "graph" or data is None:
        return {}
    keys: Any = graph.edges if values.level == "edge" else values.index  # type: ignore[union-attr]
    found = _ties(np.asarray(data))
    return {k: rows.tolist() if keys is None else keys[rows].tolist() for k, rows in found.items()}


def _ties(data: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    if not data.size:
        return {}
    level = tiers(data)
    ends = {"argmin": level.min(), "argmax": level.max()}
    return {k: np.flatnonzero(level == end)[:MAX_TIES] for k, end in ends.items()}


def tiers(data: NDArray[Any]) -> NDArray[Any]:
    """The same values rounded to 40 binary digits, so that those which differ by rounding alone are ties.

    Example:
        >>> found = tiers(np.array([0.1 + 0.2, 0.3, -np.inf]))
        >>> bool(found[0] == found[1]), float(found[2])
        (True, -inf)
    """
    if data.dtype.kind != "f":
        return data
    mantissa, exponent = np.frexp(data)
    return np.ldexp(np.rint(mantissa * 2.0**40), exponent - 40)


def jsonable(value: Any) -> Any:
    """The same value with numpy types made plain and NaN or infinity made null.

    Example:
        >>> jsonable({"a": np.float64("inf"), "b": np.arange(2)})
        {'a': None, 'b': [0, 1]}
    """
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
