"""The page docs/results.md, from a store that `docs/results.py` has filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import results_reproduction
from results_published import FIGURES, QUOTED, Figure

from mixcli.catalog import PROTOCOLS
from mixcli.provenance import environment
from mixcli.training.statistics import LEVEL, Difference, Estimate, adjusted, estimate, paired
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult

__all__ = ["page"]


@dataclass(frozen=True)
class Row:
    """What an arm of a cell amounts to, over the trials that every arm of the cell has."""

    spec: str
    told: dict[str, Any]
    values: list[float]
    own: Estimate
    difference: Difference | None
    p: float | None

    @property
    def name(self) -> str:
        """The method."""
        return self.spec.partition(":")[0]

    @property
    def detected(self) -> bool:
        """Whether it differs from the baseline, Holm's adjustment over the arms of the cell counted in."""
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True)
class Results:
    """The rows of a cell, and what its store says of it."""

    data: str
    model: str
    told: dict[str, Any]
    rows: list[Row]
    seconds: float

    @property
    def trials(self) -> int:
        """Trials that every arm has."""
        return len(self.rows[0].values)

    def row(self, name: str) -> Row:
        """The arm of a method."""
        return next(r for r in self.rows if r.name == name)

    def printed(self, name: str) -> Figure | None:
        """The published figure of an arm; there is none for R-GCN and for most methods."""
        return FIGURES.get((self.data, self.model, name))


def results(store: Store, cell: tuple[str, str]) -> Results | None:
    """The trials of a cell that all its arms have; None without any.

    Where the plan of a cell has changed over time, its versions are kept apart, and the one with most trials is shown.
    """
    told = [o["page"] for o in store.plans().values() if "page" in o]
    versions = [(_complete(store, t), t) for t in told if (t["data"], t["model"]) == cell]
    found, chosen = max(versions, key=lambda v: len(v[0]), default=([], {}))
    if not found:
        return None
    which = "last" if chosen["report"] == "last" else "best"
    columns = [[float(getattr(t, which)) for t in arm] for arm in zip(*found, strict=True)]
    apart = [None, *(paired(c, columns[0], chosen["ratio"], bounds=(0, 1)) for c in columns[1:])]
    rows = [
        Row(a["spec"], a, c, estimate(c, chosen["ratio"], bounds=(0, 1)), d, p)
        for a, c, d, p in zip(chosen["arms"], columns, apart, adjusted(apart), strict=True)
    ]
    return Results(*cell, chosen, rows, mean(t.train + t.evaluate for trial in found for t in trial))


def _complete(store: Store, told: dict[str, Any]) -> list[list[TrialResult]]:
    """The trials that there is a result of for every arm, which is what keeps them paired."""
    rows = [[store.get(key) for key in keys] for keys in told["keys"] if len(store.known(keys)) == len(set(keys))]
    return [[trial for trial in row if trial is not None] for row in rows]


def page(store: Store, cells: Sequence[tuple[str, str]]) -> str:
    """The whole page.

    Args:
        store: the trials.
        cells: (data set, model) of all that is to be on the page; those without trials are named as missing.
    """
    found = [r for c in cells if (r := results(store, c))]
    there = {(r.data, r.model) for r in found}
    missing = [(d, [m for of, m in cells if of == d and (d, m) not in there]) for d in dict(cells)]
    parts = [
        HEAD,
        _count(found, [f"{d} ({', '.join(models)})" for d, models in missing if models], len(cells)),
        _verdict(found),
    ]
    for preset in dict.fromkeys(r.told["preset"] for r in found):
        own = [r for r in found if r.told["preset"] == preset]
        parts.append(_protocol(preset, own[0]))
        for data in dict.fromkeys(r.data for r in own):
            facts = (
                own[0].told["facts"] if own[0].data == data else next(r for r in own if r.data == data).told["facts"]
            )
            units = " ".join(f"{facts[k]} {k}" for k in ("graphs", "nodes") if k in facts)
            parts.append(f"### {data}\n\n{units}, {facts['classes']} classes, {facts['features']} features.\n")
            parts += [_table(r) for r in own if r.data == data]
    return "\n".join([*parts, _control(found), *_again(found)]) if found else "\n".join(parts)


HEAD = """# Does rewiring help?

Written by `docs/results.py` from the trials in its store. One command makes it, and goes on where it stopped:

```sh
python docs/results.py -o results.db --data-root DATA --hours 2
```

Every arm of a trial has the same split, initial weights, order of batches and, as far as nodes correspond, dropout.
Means are of test accuracies, in percent; intervals are 95 % intervals. Differences are to `none`, trial by trial, in
points; p is that of the same t statistic after Holm's adjustment over the arms of a table, and arms with p < 0.05 are
bold. Where splits vary, intervals know that they overlap (Nadeau & Bengio): they speak of new samples of the data, not
of the same data split again, and are several times wider than published ones. Where the test half is the same in every
trial they are Student's, and speak of that half.

*FoSR paper* is mean ± 1.96 standard errors of 100 trials, from the results that the authors of FoSR (Karhadkar,
Banerjee & Montúfar, ICLR 2023) released with their code (`results/graph_classification2.csv` in kedar2/FoSR), at the
numbers of edges or loops per graph that their validation chose; `fosr` and `sdrf` have the same here. R-GCN has the
settings of GCN. `random` draws as many edges as `fosr` adds. `borf`, and all that is trained on single graphs, has the
settings that `mixcli methods` shows as published.

*Other figures* are secondhand: what tables in papers are noted to say (FoSR: table 1, for what its released results
leave out; SDRF: Topping et al., ICLR 2022; BORF: Nguyen et al., ICML 2023, which trained SDRF and FoSR again). They
were held neither to the papers nor to released files: look there before you quote them. Nothing is computed from them.
Their protocols differ: the last layer FA of FoSR is a transform of the mean over nodes, not all pairs; SDRF tunes each
data set; BORF splits nodes 60/20/20 and reports the best of three splits.

Numbers of trials differ because trainings cost more on larger graphs: `--only` gave cheap cells more of them. Nothing
stopped early on what it found.
"""


def _count(found: Sequence[Results], missing: Sequence[str], tables: int) -> str:
    arms = sum(len(r.rows) for r in found)
    total = sum(len(r.rows) * r.trials for r in found)
    counts = sorted({r.trials for r in found}) or [0]
    many = _trials(counts[0]) if len(counts) == 1 else f"{counts[0]} to {_trials(counts[-1])}"
    lines = [f"**{total} trainings** so far: {len(found)} of {tables} tables, {arms} arms, {many} of each."]
    if counts[0] < 100:
        lines.append("The papers have 100 trials of each; these are as many as there was time for on two busy cores.")
    if missing:
        lines.append(f"Not trained yet: {', '.join(missing)}.")
    used = environment()
    lines.append(f"Trained on a CPU (torch {used['torch']}), not measured on a GPU.")
    return "\n".join(lines) + "\n"


def _protocol(preset: str, result: Results) -> str:
    kind = PROTOCOLS.get(preset)
    when = "after the last epoch" if result.told["report"] == "last" else "at the best validation accuracy"
    other = "nodes:" if "graphs" in result.told["facts"] else "graphs:"
    known = "\n".join(f"- {d}" for d in kind.deviations if not d.startswith(other))
    split = f"{result.told['facts']['split']}. The test accuracy {when} counts."
    return f"## Protocol `{preset}`\n\n{kind.cites}. Split: {split} In what it knowingly differs:\n\n{known}\n"


def _table(result: Results) -> str:
    lines = [
        f"#### {result.data}, {result.model}\n",
        f"{_trials(result.trials)} of each arm, {result.seconds:.1f} s of training each.\n",
        "| arm | settings | mean | interval | difference | interval | p | trials | edges "
        "| FoSR paper | other figures |",
        "|---|---|---:|---|---:|---|---:|---:|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(result, r) for r in result.rows)]) + "\n"


def _line(result: Results, row: Row) -> str:
    d, told = row.difference, row.told
    edges = " ".join([f"+{told['added']}"] * (told["added"] > 0) + [f"−{told['removed']}"] * (told["removed"] > 0))
    if told["overlay"]:
        edges = f"{told['overlay']} beside"
    apart = ["", "", ""] if d is None else [_points(d.mean), _interval(d.ci95), "" if row.p is None else f"{row.p:.2g}"]
    bold = "**" if row.detected else ""
    cells = [
        f"{bold}{row.name}{bold}", row.spec.partition(":")[2].replace(",", ", "), _percent(row.own.mean),
        _interval(row.own.ci95), *apart, str(result.trials), edges, str(result.printed(row.name) or ""),
        QUOTED.get((result.data, result.model, row.name), ""),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _trials(count: int) -> str:
    return f"{count} trial{'s' * (count != 1)}"


def _percent(x: float | None) -> str:
    return "" if x is None else f"{100 * x:.1f}"


def _points(x: float | None) -> str:
    return "" if x is None else f"{100 * x:+.1f}"


def _interval(x: tuple[float, float] | None) -> str:
    return "" if x is None else f"[{100 * x[0]:.1f}, {100 * x[1]:.1f}]"


def _verdict(found: Sequence[Results]) -> str:
    """The honest paragraph: counted, not chosen."""
    rows = [(r, row, row.difference) for r in found for row in r.rows[1:] if row.difference and row.name != "random"]
    if not rows:
        return ""
    alone = sum(r.trials < 2 for r, _, _ in rows)
    told = [(f"{row.name} on {r.data} with {r.model}", d.mean or 0) for r, row, d in rows if row.detected]
    up, down = [name for name, d in told if d > 0], [name for name, d in told if d < 0]
    lines = [
        f"Of {len(rows)} comparisons of a rewiring with none, {len(up)} show a gain after Holm's adjustment"
        f"{_named(up)}, {len(down)} a loss{_named(down)}, and {len(rows) - len(told) - alone} no difference."
        + f" The other {alone} rest on a single trial, which tells nothing."
        * (alone > 0)
    ]
    several = sum(r.trials > 1 for r in found)
    lines.append(
        f"The adjustment is within a table: were there no differences at all, up to {LEVEL * several:.2g} of {several} "
        "tables with several trials would be expected to show one by chance."
    )
    least = [d.detectable for _, _, d in rows if d.detectable]
    if least:
        lines.append(
            "The smallest true difference that such a comparison would find four times in five is, in the median, "
            f"{100 * median(least):.1f} points ({100 * min(least):.1f} to {100 * max(least):.1f}; above 100 none is)."
        )
    return "\n".join(["## What holds up\n", *lines, _published(found), FIXED]) + "\n"


FIXED = (
    "No difference detected does not say that there is none: it says that this many trials on data this small cannot\n"
    "tell. With 20 test graphs, as MUTAG has, one graph is 5 points, and more trials on the same graphs sharpen the\n"
    "answer for these graphs only. A gain that as many random edges bring too is no merit of where a method puts them\n"
    "(FoSR against as many random edges, below)."
)


def _named(what: Sequence[str]) -> str:
    return f" ({', '.join(what)})" if what else ""


def _published(found: Sequence[Results]) -> str:
    """How the published gains compare."""
    inside = outside = large = 0
    for r in found:
        base = r.printed("none")
        for row in r.rows[1:]:
            said, d = r.printed(row.name), row.difference
            if base is None or said is None or d is None or d.ci95 is None:
                continue
            gain = (said.mean - base.mean) / 100
            inside, outside = inside + (d.ci95[0] <= gain <= d.ci95[1]), outside + (not d.ci95[0] <= gain <= d.ci95[1])
            large += d.detectable is not None and abs(gain) >= d.detectable
    if not inside + outside:
        return "None of the published gains can be held to these figures yet."
    return (
        f"Of {inside + outside} published differences (FoSR paper, less its none) {inside} lie in the interval found "
        f"here and {outside} outside; {large} are large enough for this many trials to find."
    )


def _control(found: Sequence[Results]) -> str:
    """FoSR against random edges."""
    pairs = [(r, paired(r.row("fosr").values, r.row("random").values, r.told["ratio"], bounds=(0, 1))) for r in found]
    ps = adjusted([d for _, d in pairs])
    lines = [
        "## FoSR against as many random edges\n",
        "Where edges go, with their number held fixed; Holm's adjustment is over this table.\n",
        "| data | model | difference | interval | p | trials |",
        "|---|---|---:|---|---:|---:|",
    ]
    for (r, d), p in zip(pairs, ps, strict=True):
        shown = "" if p is None else f"{p:.2g}"
        lines.append(f"| {r.data} | {r.model} | {_points(d.mean)} | {_interval(d.ci95)} | {shown} | {r.trials} |")
    return "\n".join(lines) + "\n"


def _again(found: Sequence[Results]) -> list[str]:
    """The published means against those here; nothing without any."""
    rows = [
        (r.data, r.model, row.name, row.values, figure)
        for r in found
        for row in r.rows
        if (figure := r.printed(row.name))
    ]
    return [text] if (text := results_reproduction.table(rows)) else []
