"""Sections on what was trained: comparisons and budget curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixcli.report.commands import compare_command, trace_command
from mixcli.report.fields import label, listed, mapping, mappings, number, numbers, text
from mixcli.report.findings import amount
from mixcli.report.section import Section, Table, drawn, environment_line, steps_of

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.report.subject import Shown

__all__ = ["of_comparison", "of_traces"]

CURVES = 8


def of_comparison(thing: Shown, context: Context) -> Section:
    """What a comparison says: a verdict on every arm, the table, figures, and how it was made."""
    record = thing.data
    task = label(text(record, "task", "kind")).replace("_", " ")
    trials = number(record, "trials")
    facts = ", ".join(filter(None, [task, label(text(record, "model")), f"{amount(trials)} trials" if trials else ""]))
    section = Section(label(thing.name), "comparison", facts, _verdicts(record), tables=[_arms(record)])
    if any(number(arm, "difference", "mean") is not None for arm in mappings(record, "arms")):
        drawn(section, "differences", [thing], context)
    if thing.store:
        drawn(section, "curves", [thing], context)
    if any(listed(arm, "tuning", "best_of") for arm in mappings(record, "arms")):
        drawn(section, "best_of_k", [thing], context)
    if any(mapping(arm, "probes") for arm in mappings(record, "arms")):
        drawn(section, "probes", [thing], context)
    section.notes += _notes(record)
    settings = ", ".join(f"{label(k)} {label(v)}" for k, v in mapping(record, "protocol").items() if v is not None)
    section.steps = [f"settings: {settings}"] if settings else []
    section.steps += [f"data sha256 {label(text(record, 'sha256'), 64)}"] if text(record, "sha256") else []
    for arm in mappings(record, "arms"):
        section.steps += [f"{label(text(arm, 'name'))}: {step}" for step in steps_of(arm)]
    section.environment, section.command = environment_line(record), compare_command(record)
    return section


def _verdicts(record: Mapping[str, Any]) -> list[str]:
    """The sentences of the record, arm by arm; nothing is claimed beyond them."""
    out = []
    for arm in mappings(record, "arms"):
        name, verdict = label(text(arm, "name")), label(text(arm, "verdict"), 400)
        if "reaches" in arm:
            can = "possible" if arm["reaches"] is True else "nothing but chance"
            out.append(f"{name}: foreseen from the mask: {can}.")
        if verdict and mapping(arm, "difference"):
            out.append(f"{name}: {verdict}.")
        for key, told in arm.items():
            if key.startswith("to_") and text(told, "verdict"):
                against = label(text(told, "control")) or key.removeprefix("to_").replace("_", " ")
                out.append(f"{name} against {against}: {label(text(told, 'verdict'), 400)}.")
    least = number(record, "smallest_detectable_effect")
    if least is not None:
        size = f"{100 * least:.1f} points" if record.get("percent", True) else amount(least)
        out.append(f"Differences from {size} on would have been found in every arm (80 % power, 5 % level).")
    return out


def _arms(record: Mapping[str, Any]) -> Table:
    share = bool(record.get("percent", True))
    metric = label(text(record, "metric"))
    columns = [
        "arm", metric + (", %" if share else ""), "95 % interval", "trials", "edges", "difference", "95 % interval",
        "p (Holm)", "wins/ties/losses",
    ]  # fmt: skip
    rows = []
    for arm in mappings(record, "arms"):
        d = mapping(arm, "difference")
        control = " (control)" if text(arm, "control") else ""
        counts = [number(d, key) for key in ("wins", "ties", "losses")]
        rows.append([
            label(text(arm, "name")) + control, _metric(number(arm, "mean"), share),
            _interval(numbers(arm, "ci95"), share), amount(number(arm, "trials")), _edges(arm),
            _metric(number(d, "mean"), share, sign=True), _interval(numbers(d, "ci95"), share, sign=True),
            _p(number(d, "p_adjusted")), "/".join(amount(c) for c in counts) if d else "",
        ])  # fmt: skip
    return Table("Arms", columns, rows, frozenset(range(1, 9)))


def _edges(arm: Mapping[str, Any]) -> str:
    added, removed, laid = (number(arm, key) for key in ("edges_added", "edges_removed", "overlay_edges"))
    parts = [f"+{amount(added or 0.0)} −{amount(removed or 0.0)}"] if added or removed else []
    return ", ".join([*parts, *([f"{amount(laid)} in layers"] if laid else [])])


def _metric(value: float | None, share: bool, *, sign: bool = False) -> str:
    if value is None:
        return ""
    shown = (
        (f"{100 * value:+.2f}" if sign else f"{100 * value:.2f}")
        if share
        else f"{value:+.4g}"
        if sign
        else f"{value:.4g}"
    )
    return shown.replace("-", "−")


def _interval(ends: Sequence[float | None], share: bool, *, sign: bool = False) -> str:
    if len(ends) != 2 or None in ends:
        return ""
    return f"[{', '.join(_metric(e, share, sign=sign) for e in ends)}]"


def _p(value: float | None) -> str:
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _notes(record: Mapping[str, Any]) -> list[str]:
    out = [label(text(record, "note"), 300)] if text(record, "note") else []
    if record.get("interrupted") is True:
        out.append("The comparison was interrupted; these are the trials that finished.")
    failed = list(mappings(record, "failed"))
    out += [f"{len(failed)} trials failed; the first: {label(text(failed[0], 'reason'), 300)}"] if failed else []
    preset = mapping(record, "preset")
    if preset:
        out.append(f"Protocol {label(text(preset, 'name'))} ({label(text(preset, 'cites'), 120)}).")
        out += [f"Deviation from it: {label(one, 300)}" for one in listed(preset, "deviations") if isinstance(one, str)]
    return out


def of_traces(things: Sequence[Shown], context: Context) -> Section:
    """Budget curves of one source: what each rewiring changed by its end, and where its knee is."""
    names = list(dict.fromkeys(label(t.name) for t in things))
    title = names[0] + f" and {len(names) - 1} more" * (len(names) > 1)
    methods = dict.fromkeys(label(t.method) for t in things if t.method)
    section = Section(title, "budget curve", ", ".join(methods))
    rows = []
    for thing in things:
        looks = list(mappings(thing.data, "rows"))
        for name in mapping(thing.data, "measures"):
            first, last = (number(looks[k], name) if looks else None for k in (0, -1))
            edits = number(looks[-1], "edits") if looks else None
            knee = number(thing.data, "measures", name, "knee")
            rows.append(
                [label(thing.method) or "–", label(name), amount(first), amount(last), amount(edits), amount(knee)]
            )
            if first is not None and last is not None and edits:
                how = "unchanged" if first == last else f"{amount(first)} → {amount(last)}"
                who = ", ".join([label(thing.method), *([label(thing.name)] if len(names) > 1 else [])])
                section.changes.append(f"{who}: {label(name)} {how} after {amount(edits)} edits.")
    columns = ["rewiring", "measure", "before", "after", "edits", "knee at"]
    section.tables.append(Table("Budget curves", columns, rows, frozenset({2, 3, 4, 5})))
    drawn(section, "curve", things, context)
    record = things[0].data
    section.steps, section.environment = steps_of(record), environment_line(record)
    section.command = "\n".join(trace_command(thing.data) for thing in things[:CURVES])
    if len(things) > CURVES:
        section.changes = []
        section.notes.append(f"Commands of the first {CURVES} of {len(things)} curves.")
    return section
