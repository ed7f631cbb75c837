"""Tuning with the same effort for every arm, and what its best-of-k means.

K settings (step size, dropout, weight decay, and a place in a rewiring's list of published parameters) are drawn once,
from one stream, and every arm is trained under all of them on every split. Validation alone chooses, split by split.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.graph import Graph
from mixcli.spec import parse, spec_of
from mixcli.training.arms import NONE, Arm, arm_spec, make_arms
from mixcli.training.trial_result import TrialResult

__all__ = ["GRID", "Setting", "best_of", "check_equal", "choose", "draw", "standing", "sweep", "tuned", "variants"]

GRID: dict[str, tuple[float, ...]] = {
    "lr": (0.0003, 0.001, 0.003, 0.01, 0.03),
    "dropout": (0.0, 0.2, 0.5, 0.8),
    "weight_decay": (0.0, 0.00005, 0.0005, 0.005),
}
"""Values of each setting; all arms are tuned over the same combinations."""

OF_GRAPHS = {"ENZYMES", "IMDB-BINARY", "MUTAG", "PROTEINS", "COLLAB", "REDDIT-BINARY", "graphs,", "data"}
"""First words of the names under which settings for sets of many graphs are published; others are for one graph."""


@dataclass(frozen=True)
class Setting:
    """One of the K settings.

    Args:
        number: from 0.
        changes: step size, dropout and weight decay, the same for all arms.
        place: in [0, 1), where in its list of parameters a rewiring looks.
    """

    number: int
    changes: Mapping[str, float]
    place: float


def draw(count: int, context: Context) -> list[Setting]:
    """K different combinations of the grid, each with a place.

    Args:
        count: K ≥ 1.
        context: its seed decides.

    Raises:
        UsageError: more settings than the grid has combinations.

    Example:
        >>> [len(set(map(str, draw(5, Context())))), draw(5, Context()) == draw(8, Context())[:5]]
        [5, True]
    """
    combinations = list(itertools.product(*GRID.values()))
    if not 1 <= count <= len(combinations):
        raise UsageError(f"1 to {len(combinations)} settings", str(count), "give --tune 10, say", where="--tune")
    rng = context.rng("tuning")
    places = rng.random(len(combinations))
    order = rng.permutation(len(combinations))[:count]
    return [
        Setting(k, dict(zip(GRID, combinations[int(at)], strict=True)), float(places[k])) for k, at in enumerate(order)
    ]


def candidates(text: str, *, graphs: bool) -> list[str]:
    """The specs an arm is tuned over: as given, and for a rewiring without parameters also its published settings.

    Args:
        text: of the arm.
        graphs: whether the task has many graphs, whose published settings are others than those for one.

    Example:
        >>> candidates("fosr", graphs=True)[:3]
        ['fosr', 'fosr:iterations=40', 'fosr:iterations=5']
        >>> candidates("fosr:iterations=7", graphs=True)
        ['fosr:iterations=7']
    """
    own, parsed = arm_spec(text), parse(text)
    if own == NONE or parsed.values or parsed.options:
        return [own]
    name = REWIRINGS.canonical(parsed.name)
    published = getattr(REWIRINGS.get(name), "published", {})
    fitting = [spec for key, spec in published.items() if (key.split(" ")[0] in OF_GRAPHS) == graphs]
    return list(dict.fromkeys([own, *(spec_of(name, REWIRINGS.make(spec)) for spec in fitting)]))


def tuned(
    sources: Mapping[str, Sequence[Graph]], texts: Sequence[str], settings: Sequence[Setting], context: Context
) -> list[list[Arm]]:
    """The arms under each setting, each source being rewired once for each spec in use.

    Args:
        sources: graphs by source name.
        texts: arms as the user wrote them.
        settings: what `draw` gave.
        context: seed, limits, progress.

    Returns:
        A row of arms for each setting, of the same names.
    """
    many = len(next(iter(sources.values()))) > 1
    menus = [candidates(text, graphs=many) for text in texts]
    picked = [[menu[int(s.place * len(menu))] for menu in menus] for s in settings]
    own = [menu[0] for menu in menus]
    extra = [spec for spec in dict.fromkeys(itertools.chain(*picked)) if spec not in own]
    made = make_arms(sources, [*own, *extra], context)
    width, names = len(own) + len(extra), [a.name for a in made]
    by_spec = {(a.source, a.spec): a for a in reversed(made)}
    return [
        [
            dataclasses.replace(by_spec[source, spec], name=names[s * width + place])
            for s, source in enumerate(sources)
            for place, spec in enumerate(specs)
        ]
        for specs in picked
    ]


def variants(rows: Sequence[Sequence[Arm]], settings: Sequence[Setting]) -> list[Arm]:
    """The arms of all settings in one list, each with its setting's changes, and its name as `group`."""
    return [
        dataclasses.replace(arm, name=f"{arm.name} @{s.number + 1}", group=arm.name, changes=dict(s.changes))
        for s, row in zip(settings, rows, strict=True)
        for arm in row
    ]


def check_equal(arms: Sequence[Arm]) -> None:
    """Every arm has the same number of settings, and the same ones but for its rewiring's own parameters.

    Raises:
        ValueError: one has more or others, so that its best would be the best of more.
    """
    budgets: dict[str, list[str]] = {}
    for arm in arms:
        budgets.setdefault(arm.group or arm.name, []).append(repr(sorted(arm.changes.items())))
    if len({tuple(b) for b in budgets.values()}) > 1:
        counts = ", ".join(f"{name}: {len(b)}" for name, b in budgets.items())
        raise ValueError(f"expected the same settings for every arm, found {counts}")


def standing(result: TrialResult, report: str, sign: float = 1.0) -> tuple[float, float]:
    """What a trial is chosen by: validation metric, then validation loss, at the epoch that is reported.

    Args:
        result: the trial.
        report: which epoch.
        sign: -1 for a metric that is better the lower it is.
    """
    _, loss, metric, _ = result.curves[result.best_epoch - 1 if report == "best" else -1].tolist()
    return sign * metric if math.isfinite(metric) else -math.inf, -loss if math.isfinite(loss) else -math.inf


def choose(results: Sequence[TrialResult], report: str, sign: float = 1.0) -> int:
    """Number of the setting that validation likes best on one split; the first of equals. Test values play no part."""
    return max(range(len(results)), key=lambda k: (standing(results[k], report, sign), -k))


def best_of(validation: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    """Expected value of the setting with the best validation among k of the K tried, for k = 1 … K.

    E_k = Σ_r C(r - 1, k - 1) / C(K, k) · v_(r), where v_(r) is the value of the setting whose validation has rank r
    from below: of all subsets of k settings, exact and without replacement.

    Args:
        validation: (K,) what chooses, all different or tied in favour of the earlier.
        values: (K,) what is reported of the chosen one.

    Example:
        >>> best_of(np.array([0.1, 0.3, 0.2]), np.array([0.1, 0.3, 0.2])).round(4).tolist()
        [0.2, 0.2667, 0.3]

    Source: Dodge et al., EMNLP 2019, equation 8, whose draws are with replacement; without, ours.
    """
    count = len(values)
    order = sorted(range(count), key=lambda k: (validation[k], -k))
    ranked = np.asarray(values, dtype=np.float64)[order]
    out = [
        sum(math.comb(r, k - 1) * ranked[r] for r in range(k - 1, count)) / math.comb(count, k)
        for k in range(1, count + 1)
    ]
    return np.array(out)


def sweep(results: Sequence[Sequence[TrialResult]], report: str, sign: float = 1.0) -> dict[str, Any]:
    """What a sweep amounts to: the best-of-k curve, how the settings spread, and which were chosen.

    Args:
        results: trial by trial, those of all K settings.
        report: which epoch counts.
        sign: -1 for a metric that is better the lower it is.
    """
    test = np.array([[getattr(r, report) for r in row] for row in results])
    stands = [[standing(r, report, sign) for r in row] for row in results]
    validation = sign * np.array([[s[0] for s in row] for row in stands])
    ranks = [_ranks(row) for row in stands]
    curve = [(best_of(r, t), best_of(r, v)) for r, t, v in zip(ranks, test, validation, strict=True)]
    mean = np.mean([c[0] for c in curve], axis=0), np.mean([c[1] for c in curve], axis=0)
    settings = test.mean(axis=0)
    chosen = np.bincount([choose(row, report, sign) for row in results], minlength=test.shape[1])
    return {
        "best_of": [
            {"k": k, "mean": _finite(t), "validation": _finite(v)}
            for k, (t, v) in enumerate(zip(*mean, strict=True), 1)
        ],
        "spread": {
            "mean": _finite(settings.mean()), "sd": _finite(settings.std(ddof=1)) if len(settings) > 1 else None,
            **{k: _finite(np.quantile(settings, q)) for k, q in QUANTILES.items()},
        },
        "by_setting": [_finite(x) for x in settings], "chosen": chosen.tolist(),
    }  # fmt: skip


QUANTILES = {"min": 0.0, "q25": 0.25, "q50": 0.5, "q75": 0.75, "max": 1.0}


def _finite(x: Any) -> float | None:
    """A number for a record, None where a metric was not defined."""
    return float(x) if math.isfinite(x) else None


def _ranks(stands: Sequence[tuple[float, float]]) -> NDArray[np.int64]:
    """(K,) rank of each setting from below; of equals the earlier stands higher."""
    order = sorted(range(len(stands)), key=lambda k: (stands[k], -k))
    ranks = np.empty(len(stands), dtype=np.int64)
    ranks[order] = np.arange(len(stands))
    return ranks
