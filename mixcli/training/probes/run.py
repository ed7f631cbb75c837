"""Probing the trials of a comparison, and what it amounts to over them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.catalog import PROBES
from mixcli.errors import Interrupted, NotApplicable
from mixcli.limits import Limits
from mixcli.spec import parse, spec_of
from mixcli.training.probes.base import Probe

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.training.engine import Fit
    from mixcli.training.plan import Plan
    from mixcli.training.store import Store

__all__ = ["check_probes", "complete", "probe_specs", "probe_trial", "summaries"]


def probe_specs(specs: Sequence[str]) -> tuple[str, ...]:
    """The full spellings of some probes, none twice.

    Raises:
        UsageError: no such probe, or a wrong parameter.

    Example:
        >>> probe_specs(["Rank", "sensitivity:graphs=4", "rank"])
        ('rank', 'sensitivity:graphs=4')
    """
    full = []
    for text in PROBES.expand(specs):
        name = PROBES.canonical(parse(text).name)
        full.append(spec_of(name, PROBES.make(text)))
    return tuple(dict.fromkeys(full))


def check_probes(plan: Plan, limits: Limits) -> None:
    """Refuse probes that would take more than allowed for one trial.

    Raises:
        LimitExceeded: with the need, what is allowed, and the settings to make smaller.
    """
    for spec in plan.probes:
        probe: Probe = PROBES.make(spec)
        if plan.original is None:
            continue
        work = probe.work(plan)
        name = spec.partition(":")[0]
        smaller = [k for k in ("graphs", "targets", "probes", "order") if hasattr(probe, k)]
        instead = (
            f"give a smaller {' or '.join(smaller)}, as in {name}:{smaller[0]}=4" if smaller else f"leave {name} out"
        )
        limits.check(f"the probe {name}", memory=work.memory, operations=work.operations, instead=instead)


def probe_trial(plan: Plan, arm: int, trial: int, fit: Fit) -> dict[str, Any]:
    """What each of the plan's probes finds in a trained network, JSON-ready, by spec.

    Args:
        plan: of the comparison.
        arm, trial: which trial.
        fit: its training.
    """
    from mixcli.training.device import one_thread
    from mixcli.training.probes.trained import Trained

    trained = Trained(plan, arm, trial, fit)
    found: dict[str, Any] = {}
    with one_thread():
        for spec in plan.probes:
            began = time.perf_counter()
            try:
                reading = PROBES.make(spec).read(trained).to_json()
            except NotApplicable as error:
                reading = {"figures": {}, "curves": {}, "reason": str(error)}
            found[spec] = {**reading, "seconds": time.perf_counter() - began}
    return found


def complete(plan: Plan, store: Store, context: Context) -> bool:
    """Probe the stored trials whose probes are not stored, by training them again: the result is the same.

    Returns:
        True if everything is there, False if Ctrl-C stopped it.
    """
    keys = {job: plan.key(*job) for job in plan.jobs}
    there = store.known(keys.values())
    left = [job for job in plan.jobs if keys[job] in there and not _has(plan, store, keys[job])]
    try:
        for done, job in enumerate(left):
            context.progress("probe", done, len(left))
            store.put_probes(keys[job], plan.run(*job).probes)
    except KeyboardInterrupt:
        return False
    except Interrupted:
        return False
    return True


def _has(plan: Plan, store: Store, key: str) -> bool:
    return set(plan.probes) <= store.probes(key).keys()


def summaries(plan: Plan, store: Store, arm: int, baseline: int) -> dict[str, Any]:
    """Each probe of an arm over its trials: means, standard errors, and differences to the baseline.

    The standard error of a mean is sd/√n over trials; that of a difference is over the trials that both arms have. The
    trials' splits overlap, so both tell of the spread between trials, not of new data.

    Args:
        plan: of the comparison.
        store: with the probes of the trials.
        arm: number of the arm.
        baseline: number of the arm it is compared with.
    """
    own, other = (_readings(plan, store, a) for a in (arm, baseline))
    out: dict[str, Any] = {}
    for spec in plan.probes:
        cls = PROBES.get(spec.partition(":")[0])
        mine = {t: r[spec] for t, r in own.items() if spec in r}
        theirs = {t: r[spec] for t, r in other.items() if spec in r} if arm != baseline else {}
        there = {kind: {n for r in mine.values() for n in r[kind]} for kind in ("figures", "curves")}
        figures = {n: _figure(n, mine, theirs) for n in cls.figures if n in there["figures"]}
        curves = {
            n: _curve([r["curves"].get(n, []) for r in mine.values()]) for n in cls.curves if n in there["curves"]
        }
        reasons = sorted({r["reason"] for r in mine.values() if r.get("reason")})
        out[spec] = {
            "by": cls.by, "from": 0 if cls.by == "distance" else 1, "trials": len(mine), "figures": figures,
            "curves": curves, "seconds": sum(r.get("seconds", 0.0) for r in mine.values()),
            **({"reason": "; ".join(reasons[:3])} if reasons else {}),
        }  # fmt: skip
    return out


def _readings(plan: Plan, store: Store, arm: int) -> dict[int, dict[str, Any]]:
    return {t: store.probes(plan.key(arm, t)) for t in range(plan.trials)}


def _figure(name: str, mine: Mapping[int, Any], theirs: Mapping[int, Any]) -> dict[str, Any]:
    own = {t: r["figures"].get(name) for t, r in mine.items()}
    other = {t: r["figures"].get(name) for t, r in theirs.items()}
    out = _estimate([v for v in own.values() if v is not None])
    pairs = [(own[t], other[t]) for t in own if own[t] is not None and other.get(t) is not None]
    return {**out, "difference": _estimate([a - b for a, b in pairs])} if theirs else out


def _curve(rows: Sequence[Sequence[float | None]]) -> dict[str, Any]:
    longest = max((len(r) for r in rows), default=0)
    places = [[r[i] for r in rows if i < len(r) and r[i] is not None] for i in range(longest)]
    found = [_estimate(p) for p in places]  # type: ignore[arg-type]
    return {k: [f[k] for f in found] for k in ("mean", "error", "trials")}


def _estimate(values: Sequence[float]) -> dict[str, Any]:
    n = len(values)
    error = None if n < 2 else 0.0 if len(set(values)) == 1 else float(np.std(values, ddof=1) / math.sqrt(n))
    return {"mean": float(np.mean(values)) if n else None, "error": error, "trials": n}
