"""Results as tables for people."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from mixcli.graph import Graph
from mixcli.heads import head_name
from mixcli.measures.node_means import node_means
from mixcli.report.comparison import changed, control_lines, preset_lines, tuning_rows
from mixcli.report.probes import probe_lines
from mixcli.report.record import tiers

if TYPE_CHECKING:
    from mixcli.measures.base import Values
    from mixcli.sequence import TokenGraph

__all__ = ["analysis_tables", "comparison_table", "number", "rendered"]

SUMMARY = ("min", "mean", "max", "std")

ROUNDING = 1e-12
"""Residuals below this are rounding, and differ from machine to machine."""

SOLVER = frozenset(
    {
        "steps",
        "local_deviation",
        "residual_norm",
        "relative_error",
        "histogram",
        "self_loops_read",
        "parallel_edges_read",
    }
)
"""Details that stand in the record but not in the table."""

ONLY_DISCONNECTED = frozenset({"components", "largest_component", "sum_within_components", "disconnected_pairs"})
"""Details that repeat the value of a connected graph."""

Row = "tuple[Graph, dict[str, Any], dict[str, Values]]"


def analysis_tables(
    found: Iterable[tuple[Graph | TokenGraph, dict[str, Any], Mapping[str, Values]]],
    *,
    top: int = 3,
    color: str = "auto",
) -> Iterator[str]:
    """Tables of analysis records: in full for one graph, a line a graph for several.

    Args:
        found: (graph, record, catalog key -> Values) as they come.
        top: how many edges of lowest value to list.
        color: "auto", "always" or "never".
    """
    stream = iter(found)
    first = next(stream, None)
    if first is None:
        return
    second = next(stream, None)
    if second is None:
        yield rendered(_full(*first, top=top), color=color)
        return
    records = [first[1], second[1], *(record for _, record, _ in stream)]
    yield rendered(_many(records), color=color, wide=True)


def _full(graph: Graph | TokenGraph, record: dict[str, Any], found: Mapping[str, Values], *, top: int) -> Table:
    connected = record.get("graph", {}).get("components", 1) == 1
    table = Table(
        title=escape(_title(graph.name, record)), title_justify="left", title_style="bold", header_style="bold"
    )
    table.add_column("measure", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("details")
    for name, entry in record["measures"].items():
        table.add_row(escape(name), escape(_value(entry)), escape(_details(entry, connected=connected)))
        if "caveat" in entry:
            table.add_row("", "", escape(entry["caveat"]), style="dim")
        if top and name in found and entry.get("summary", {}).get("count"):
            keys = _keys(graph, found[name])
            highest = entry.get("better") == "lower"
            if keys is not None:
                table.add_row("", "", escape(_worst(graph, found[name].data, keys, top, highest)), style="dim")
        if "node_mean" in entry and isinstance(graph, Graph):
            table.add_row("", "", escape(_node_mean(graph, entry, found[name], top)), style="dim")
    return table


def _title(name: str, record: Mapping[str, Any]) -> str:
    """The name of a source and its counts."""
    if "graph" in record:
        facts = record["graph"]
        kind = ("directed, " if facts["directed"] else "") + ("weighted, " if facts["weighted"] else "")
        return f"{name}: {kind}" + ", ".join(_plural(facts[f"{word}s"], word) for word in ("node", "edge", "component"))
    facts = record["sequence"]
    counts = [_plural(facts[f"{w}s"], w) for w in ("token", "layer", "head") if isinstance(facts.get(f"{w}s"), int)]
    return f"{name}: {'causal, ' if facts['causal'] else ''}" + ", ".join(counts)


def _keys(graph: Graph | TokenGraph, values: Values) -> Any:
    """What stands at the place of each value where the worst of them are listed; None where they are not."""
    if values.level == "edge" and isinstance(graph, Graph):
        return graph.edges
    if values.level == "token" and not isinstance(graph, Graph):
        return np.arange(graph.tokens)
    return values.index if values.level == "head" else None


def _value(entry: Mapping[str, Any]) -> str:
    if "headline" in entry:
        return f"{_headline(entry)} {entry['headline']['token'].replace('_', '-')}"
    if "summary" in entry:
        mean, infinite = entry["summary"].get("mean"), entry["summary"].get("infinite", 0)
        about = "" if entry["exact"] else "≈ "
        if mean is None:
            return "all infinite" if infinite else "none"
        finite = f" of {entry['summary']['count'] - infinite}" if infinite and entry["level"] == "token" else ""
        return f"{about}{number(mean)} mean{finite}"
    if entry["value"] is None:
        return "not defined"
    error = f" ± {number(entry['error'])}" if entry.get("error") else ""
    return ("" if entry["exact"] else "≈ ") + number(entry["value"]) + error


def _headline(entry: Mapping[str, Any]) -> str:
    """The number by which values of tokens are told; the record holds none where it is infinite."""
    value = entry["headline"]["value"]
    below = entry.get("better") == "higher"  # walks to nowhere are counted as the logarithm of 0
    return number(value) if value is not None else "-inf" if below else "inf"


def _details(entry: Mapping[str, Any], *, connected: bool) -> str:
    parts = [str(entry["reason"])] if entry.get("reason") else []
    details = dict(entry.get("details") or {})
    parts += [str(details["reason"])] if "reason" in details and "summary" in entry else []
    if "summary" in entry:
        s = entry["summary"]
        parts += [f"{k} {number(s[k])}" for k in SUMMARY if k in s and (k != "mean" or "headline" in entry)]
        if s.get("infinite") and not (entry["level"] == "token" and "reason" in details):
            parts.append(f"{s['infinite']} infinite")
        if s.get("negative_fraction"):
            parts.append(f"{s['negative_fraction']:.0%} negative")
        if entry.get("error"):
            parts.append(f"standard errors up to {number(entry['error'])}")
    said = {**entry.get("summary", {}), "reason": 0, **({"infinite": 0} if not details.get("infinite") else {})}
    said |= {entry["headline"]["token"]: 0} if "headline" in entry else {}
    details = {k: v for k, v in details.items() if k not in said}
    parts += _figures({k: v for k, v in details.items() if not (connected and k in ONLY_DISCONNECTED)})
    if details.get("relative_error") is not None:
        parts.append(f"relative error < {max(details['relative_error'], ROUNDING):.0e}")
    elif entry.get("residual") is not None:
        residual = entry["residual"]
        parts.append(f"residual {residual:.1e}" if residual > ROUNDING else f"residual < {ROUNDING:.0e}")
    return ", ".join(parts)


def _figures(details: Mapping[str, Any]) -> list[str]:
    """Details as words: numbers and texts by name, one level of nesting as `name: …`."""
    parts = []
    for key, value in details.items():
        name = key.replace("_", " ")
        if key in SOLVER or isinstance(value, bool) or value is None:
            continue
        if isinstance(value, (int, float)):
            parts.append(f"{name} {number(value)}")
        elif isinstance(value, str):
            parts.append(f"{name} {value}")
        elif isinstance(value, Mapping):
            inner = ", ".join(_figures(value))
            parts += [f"{name} ({inner})"] * bool(inner)
    return parts


def _worst(graph: Graph | TokenGraph, data: Any, keys: Any, top: int, highest: bool) -> str:
    """The edges or nodes where information gets stuck most: of highest value where lower is better, else of lowest."""
    data = np.asarray(data)
    level = tiers(data)
    order = np.argsort(-level if highest else level, kind="stable")[:top]
    joint = " " if isinstance(graph, Graph) else " = "
    named = ", ".join(f"{_name(graph, keys[i])}{joint}{number(data[i])}" for i in order)
    return f"{'highest' if highest else 'lowest'}: {named}"


def _name(graph: Graph | TokenGraph, key: Any) -> str:
    """An edge, node or token by its label where it has one, unprintable characters replaced; a head as L0H3."""
    if np.size(key) == 2 and not isinstance(graph, Graph):
        return head_name(*key)
    if graph.labels is None and not isinstance(graph, Graph):
        return f"token {key}"
    names = [str(node) if graph.labels is None else graph.labels[node] for node in np.atleast_1d(key)]
    return "–".join("".join(c if c.isprintable() else "\ufffd" for c in name) for name in names)


def _node_mean(graph: Graph, entry: Mapping[str, Any], values: Values, top: int) -> str:
    """Means over the edges of each node: their range, and the nodes where information gets stuck most."""
    found = entry["node_mean"]
    parts = [f"{k} {number(found['summary'][k])}" for k in ("min", "mean", "max") if k in found["summary"]]
    parts += [found["reason"]] if "reason" in found else []
    text = "node means: " + ", ".join(parts)
    nodes = np.flatnonzero(graph.degree)
    if not top or not len(nodes):
        return text
    data = np.asarray(node_means(graph, values).data)[nodes]
    return f"{text}; {_worst(graph, data, nodes, top, entry.get('better') == 'lower')}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _many(records: list[dict[str, Any]]) -> Table:
    # Wider than the terminal rather than cut: a number without its exponent is worse than a wrapped line.
    table = Table(header_style="bold", caption=f"{len(records)} sources; what is no single number by its mean")
    names = list(dict.fromkeys(name for record in records for name in record["measures"]))
    head = ("nodes", "edges") if "graph" in records[0] else ("tokens", "layers")
    for column in ("source", *head):
        table.add_column(column, justify="left" if column == "source" else "right", no_wrap=True)
    for name in names:
        places = {record["measures"].get(name, {}).get("headline", {}).get("token", "") for record in records} - {""}
        table.add_column(escape(".".join([name, *places])), justify="right", no_wrap=True)
    for record in records:
        cells = [_short(record["measures"].get(n, {})) for n in names]
        facts = record.get("graph") or record["sequence"]
        counts = [str(facts.get(k, "–")) for k in head]
        table.add_row(escape(str(record["source"]["name"])), *counts, *cells)
    return table


def _short(entry: Mapping[str, Any]) -> str:
    if "headline" in entry:
        return _headline(entry)
    value = entry["summary"].get("mean") if "summary" in entry else entry.get("value")
    infinite = entry["summary"].get("infinite", 0) if entry.get("level") == "token" and "summary" in entry else 0
    return "–" if value is None else number(value) + (f" ({infinite} inf)" if infinite else "")


def comparison_table(record: dict[str, Any], *, color: str = "auto") -> str:
    """A comparison record for people: a line an arm, and a sentence on each difference.

    Args:
        record: schema `mixcli.comparison/1`.
        color: "auto", "always" or "never".
    """
    title = f"{record['dataset']}: {record['task']['kind'].replace('_', ' ')} with {record['model']}"
    table = Table(title=escape(title), title_justify="left", title_style="bold", header_style="bold")
    table.add_column("arm")
    interval = "95 % interval"
    percent = record.get("percent", True)
    unit = ", %" if percent else ", lower is better" if record.get("better") == "lower" else ""
    for column in (record["metric"] + unit, interval, "trials", "edges", "difference", interval, "p (Holm)"):
        table.add_column(column, justify="right")
    table.add_column("w/t/l", justify="right")
    for arm in record["arms"]:
        d = arm["difference"] or {}
        table.add_row(
            escape(arm["name"] + (f" ({arm['control']})" if arm.get("control") == "empty relation" else "")),
            _share(arm["mean"], percent), _interval(arm["ci95"], percent), str(arm["trials"]),
            changed(arm),
            _share(d.get("mean"), percent, sign=True), _interval(d.get("ci95"), percent, sign=True),
            _p(d.get("p_adjusted")),
            "/".join(str(d[k]) for k in ("wins", "ties", "losses")) if d else "",
        )  # fmt: skip
    foreseen = [f"{arm['name']}: {_foreseen(arm, record['task'])}\n" for arm in record["arms"] if "reaches" in arm]
    asked = [arm for arm in record["arms"] if arm["difference"] and not arm.get("control_for")]
    verdicts = [f"{arm['name']}: {arm['verdict']}\n" for arm in asked]
    tuned = tuning_rows(record)
    more = "" if tuned is None else rendered(_plain_table(*tuned), color=color)
    told = "".join([*foreseen, *verdicts, *control_lines(record), *preset_lines(record)])
    return rendered(table, color=color) + more + told + probe_lines(record)


def _plain_table(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    """Names on the left, numbers on the right."""
    table = Table(*map(escape, columns), title=escape(title), title_justify="left", header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _foreseen(arm: Mapping[str, Any], task: Mapping[str, Any]) -> str:
    """What the mask said before anything was trained."""
    layers = _plural(task["layers"], "layer")
    if not arm["reaches"]:
        return f"foreseen from the mask: nothing but chance, the first token is out of reach within {layers}"
    resistance = arm["layered_resistance"]
    detail = "" if resistance is None else f" (layered resistance {number(resistance)})"
    return f"foreseen from the mask: possible, the first token is within reach of {layers}{detail}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _share(value: float | None, percent: bool, *, sign: bool = False) -> str:
    """A metric in percent, or as it is."""
    if value is None:
        return ""
    if not percent:
        return f"{value:+.4g}" if sign else f"{value:.4g}"
    return f"{100 * value:+.2f}" if sign else f"{100 * value:.2f}"


def _interval(pair: list[float | None] | None, percent: bool, *, sign: bool = False) -> str:
    if not pair or pair[0] is None or pair[1] is None:
        return ""
    return f"[{_share(pair[0], percent, sign=sign)}, {_share(pair[1], percent, sign=sign)}]"


def number(value: float) -> str:
    """Six significant digits, whole numbers without a point.

    Example:
        >>> number(34.0), number(0.132272312)
        ('34', '0.132272')
    """
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.6g}"
    return str(int(value)) if abs(value) < 1e15 else f"{value:.6g}"


def rendered(table: RenderableType, *, color: str = "auto", wide: bool = False) -> str:
    """A table as text; coloured for a terminal unless NO_COLOR or `color` says otherwise.

    Args:
        table: the table.
        color: "auto", "always" or "never".
        wide: take the width the table needs, whatever the terminal's.
    """
    import sys

    terminal = color == "always" or (color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    width = shutil.get_terminal_size((120, 24)).columns
    out = io.StringIO()
    Console(file=out, force_terminal=terminal, no_color=not terminal, width=10_000 if wide else max(width, 60)).print(
        table
    )
    return out.getvalue()
