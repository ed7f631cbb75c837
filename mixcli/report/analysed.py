"""Sections on what was measured: of records, and of sources that are measured for the report, rewired or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixcli.errors import LimitExceeded, NotApplicable
from mixcli.report.commands import analyze_command
from mixcli.report.fields import at, label, mapping, number, text
from mixcli.report.findings import amount, findings, where
from mixcli.report.section import Section, Table, counted, drawn, environment_line, steps_of
from mixcli.report.subject import Shown

if TYPE_CHECKING:
    from mixcli.context import Context

__all__ = ["add_changes", "measured_record", "of_many", "of_record", "of_source"]

ROWS = 200
"""Sources that have a row each."""
HEAT = 200
"""Nodes up to which a report shows all resistances."""
ROUNDING = 1e-12

COUNTS = (
    ("graph", "nodes", "node"), ("graph", "edges", "edge"), ("graph", "components", "component"),
    ("sequence", "tokens", "token"), ("sequence", "layers", "layer"), ("sequence", "heads", "head"),
)  # fmt: skip


def measured_record(thing: Any, index: int, methods: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The analysis record of a graph, mask sequence or attention, without times.

    Args:
        thing: what is measured.
        index: its place in its source.
        methods: key -> measure; one that does not apply, or costs too much, says why in its entry.
        context: seed, threads, limits, progress.
    """
    from mixcli.report.record import analysis, entry, extremes, headline, refusal

    entries: dict[str, Any] = {}
    for key, method in methods.items():
        try:
            values = method(thing, context)
        except (NotApplicable, LimitExceeded) as error:
            entries[key] = refusal(method, str(error))
            continue
        entries[key] = {**entry(method, values), **headline(method, thing, values), **extremes(thing, values)}
    return analysis(thing, index, entries)


def of_record(thing: Shown, context: Context, figures: bool = True) -> Section:
    """What an analysis record says."""
    record = thing.data
    kind = {"mask": "masks", "attention": "attention"}.get(text(record, "kind"), "graph")
    section = Section(label(thing.name), kind, _facts(record), findings(record), tables=[_measures(record)])
    section.steps, section.environment = steps_of(record), environment_line(record)
    section.command = analyze_command(record)
    if figures and any(number(e, "summary", "max") is not None for e in mapping(record, "measures").values()):
        drawn(section, "summary", [thing], context)
    return section


def of_source(thing: Shown, record: dict[str, Any], before: dict[str, Any] | None, context: Context) -> Section:
    """What was measured of a source, with figures of it, and what its rewiring did.

    Args:
        thing: the source, with what it was before where it was rewired.
        record: of the source as it is.
        before: of what it was before.
        context: seed, threads, limits.
    """
    section = of_record(Shown("analysis", thing.name, record), context, figures=False)
    if before is not None:
        section.changes, table = _changes(thing, before, record)
        section.tables.append(table)
    for spec in _figures(thing):
        drawn(section, spec, [thing], context)
    return section


def of_many(things: Sequence[Shown], context: Context) -> Section:
    """Records of many sources together: a row each, and how the values of the sources are spread."""
    names = list(dict.fromkeys(n for t in things for n in mapping(t.data, "measures")))
    rows = [[label(t.name), *(_short(mapping(t.data, "measures", n)) for n in names)] for t in things[:ROWS]]
    title = f"Values; of edges, nodes, tokens and heads the mean{f' (first {ROWS} sources)' * (len(things) > ROWS)}"
    first = next(iter(dict.fromkeys(label(t.name) for t in things)))
    section = Section(f"{first} and {len(things) - 1} more", f"{len(things)} sources")
    section.tables.append(Table(title, ["source", *names], rows, frozenset(range(1, len(names) + 1))))
    section.environment = environment_line(things[0].data)
    commands = list(dict.fromkeys(analyze_command(t.data) for t in things))
    section.command = "\n".join(commands[:5])
    if len(commands) > 5:
        section.notes.append(f"Commands of the first 5 of {len(commands)} sources.")
    apart = sum((number(t.data, "graph", "components") or 1) > 1 for t in things)
    if apart:
        section.statements.append(f"{apart} of {len(things)} graphs have more than one component.")
    for name in names:
        if any(number(t.data, "measures", name, k) is not None for t in things for k in ("value",)):
            drawn(section, "histogram", things, context, measure=name)
    return section


def add_changes(
    section: Section, things: Sequence[Shown], before: Sequence[Any], after: Sequence[Any], context: Context
) -> None:
    """What a rewiring did to many sources: means over them before and after, and values by element.

    Args:
        section: of the sources as they are.
        things: the sources, each with what it was before.
        before, after: their records.
        context: seed, threads, limits.
    """
    rows = []
    for key in mapping(after[0], "measures"):
        pairs = [tuple(_figure(mapping(r, "measures", key)) for r in both) for both in zip(before, after, strict=True)]
        known = [(was, now) for was, now in pairs if was is not None and now is not None]
        if known:
            means = [sum(column) / len(known) for column in zip(*known, strict=True)]
            better = text(after[0], "measures", key, "better")
            changed = [(was, now) for was, now in known if not alike(was, now)] if better else []
            up = [(now > was) == (better == "higher") for was, now in changed]
            told = f"{sum(up)} of {len(known)}" if better else ""
            rows.append([label(key), amount(means[0]), amount(means[1]), told])
    methods = ", ".join(dict.fromkeys(label(t.method) for t in things if t.method))
    section.changes.append(f"{methods or 'A rewiring'} of {len(things)} sources.")
    columns = ["measure", "mean before", "mean after", "better in"]
    section.tables.append(Table("Before and after, means over the sources", columns, rows, frozenset({1, 2, 3})))
    if things[0].kind == "graph":
        drawn(section, "histogram", things, context)


def _facts(record: Mapping[str, Any]) -> str:
    flags = [word for word in ("directed", "weighted") if at(record, "graph", word) is True]
    flags += ["causal"] if at(record, "sequence", "causal") is True else []
    return ", ".join(filter(None, [counted(record, COUNTS), *flags]))


def _measures(record: Mapping[str, Any]) -> Table:
    columns = ["measure", "value", "unit", "min", "median", "max", "how sure", "remarks"]
    rows = []
    for key, entry in mapping(record, "measures").items():
        spread = [number(entry, "summary", k) for k in ("min", "q50", "max")]
        rows.append([
            label(key), _value(entry), _unit(entry), *(amount(v) if v is not None else "" for v in spread),
            _sure(entry), _remarks(entry),
        ])  # fmt: skip
    return Table("What was measured", columns, rows, frozenset({1, 3, 4, 5}))


def _unit(entry: Any) -> str:
    unit = text(entry, "unit")
    return "" if unit == "1" else label(unit)


def _value(entry: Any) -> str:
    if mapping(entry, "headline"):
        value = number(entry, "headline", "value")
        shown = amount(value) if value is not None else "−∞" if text(entry, "better") == "higher" else "∞"
        return f"{shown} {label(text(entry, 'headline', 'token')).replace('_', '-')}"
    if mapping(entry, "summary"):
        mean = number(entry, "summary", "mean")
        return f"{amount(mean)} mean" if mean is not None else "–"
    return amount(number(entry, "value"))


def _short(entry: Any) -> str:
    return _value(entry).removesuffix(" mean")


def _sure(entry: Any) -> str:
    """Exact, or an estimate with its error; how well a solve satisfied its equation."""
    if number(entry, "value") is None and not mapping(entry, "summary"):
        return ""
    error, residual = number(entry, "error"), number(entry, "residual")
    exact = at(entry, "exact")
    said = "exact" if exact is True else "estimate" if exact is False else ""
    if error:
        said += f" ± {error:.2g}" if mapping(entry, "summary") == {} else f", standard errors up to {error:.2g}"
    if residual is not None:
        said += f", residual {'below 10⁻¹²' if residual < ROUNDING else f'{residual:.1e}'}"
    return said


def _remarks(entry: Any) -> str:
    """Why there is no value, where the extremes are, and what the number does not mean."""
    parts = [label(text(entry, "reason"), 300), label(text(entry, "details", "reason"), 300)]
    low = text(entry, "better") != "lower"
    if mapping(entry, "summary") and (place := where(entry, "argmin" if low else "argmax")):
        parts.append(f"{'lowest' if low else 'highest'} at {place}")
    infinite = number(entry, "summary", "infinite")
    parts += [f"{amount(infinite)} infinite"] if infinite else []
    share = number(entry, "summary", "negative_fraction")
    parts += [f"{share:.1%} negative"] if share else []
    return "; ".join(filter(None, [*parts, label(text(entry, "caveat"), 300)]))


def _changes(thing: Shown, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[str], Table]:
    """A sentence on the edits, and measure by measure before and after."""
    old, new = mapping(before, "measures"), mapping(after, "measures")
    rows = []
    for key in new:
        was, now = _figure(mapping(old, key)), _figure(mapping(new, key))
        if was is None and now is None:
            continue
        better = text(new, key, "better")
        way = ""
        if was is not None and now is not None and better:
            way = "the same" if alike(was, now) else "better" if (now > was) == (better == "higher") else "worse"
        rows.append([f"{label(key)}{' (mean)' * bool(mapping(new, key, 'summary'))}", amount(was), amount(now), way])
    method = label(thing.method) or "a rewiring"
    if thing.kind == "graph":
        from mixcli.report.figures.drawing import edited

        added, removed = (len(part) for part in edited(thing))
        said = f"{method}: {thing.before.m} → {thing.data.m} edges (+{added} −{removed})"
        parts = [g.components.count for g in (thing.before, thing.data)]
        said += f", {parts[0]} → {parts[1]} components" if parts[0] != parts[1] else ""
    else:
        said = f"{method}: {thing.before.tokens} → {thing.data.tokens} tokens"
    gap = [_figure(mapping(one, "spectral_gap")) for one in (old, new)]
    more = [f"Spectral gap {amount(gap[0])} → {amount(gap[1])}."] if None not in gap else []
    return [f"{said}.", *more], Table(
        "Before and after", ["measure", "before", "after", "by this measure"], rows, frozenset({1, 2})
    )


def alike(one: float, other: float) -> bool:
    """Whether two values differ by rounding alone.

    Example:
        >>> alike(36.0, 36.00000000000001), alike(1.0, 1.001)
        (True, False)
    """
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def _figure(entry: Mapping[str, Any]) -> float | None:
    if "headline" in entry:
        return number(entry, "headline", "value")
    return number(entry, "summary", "mean") if "summary" in entry else number(entry, "value")


def _figures(thing: Shown) -> list[str]:
    """Figures of a source, by its kind and size."""
    from mixcli.report.choice import SMALL

    if thing.kind == "mask":
        return ["heatmap", "profile"]
    if thing.kind == "attention":
        return ["heads", "profile", "heatmap"]
    graph = thing.data
    small = ["drawing"] if graph.n <= SMALL else []
    if graph.directed:
        return [*small, "histogram:measure=degree"] if graph.n else small
    curved = ["histogram", "histogram:measure=effective_resistance"] if graph.m else []
    return [*small, *curved, *(["heatmap"] if 1 < graph.n <= HEAT else [])]
