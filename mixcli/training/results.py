"""What the trials of each arm amount to: selected settings, estimates, differences and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mixcli.training.arms import NONE, Arm
from mixcli.training.controls.kinds import DEGREES, RANDOM
from mixcli.training.effort import effort
from mixcli.training.plan import Plan
from mixcli.training.probes.run import summaries
from mixcli.training.statistics import Difference, Estimate, adjusted, estimate, paired
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult
from mixcli.training.tuning import choose, sweep
from mixcli.training.verdict import verdict

__all__ = ["ArmResult", "results_of"]


@dataclass(frozen=True, eq=False)
class ArmResult:
    """One arm's trials and what they amount to.

    Args:
        arm: what was trained on; of a tuned arm the variant that was chosen most often, under the arm's name.
        trials: trial number -> result, for the finished ones; of a tuned arm that of the chosen setting.
        best: test metric at the best validation epoch, over trials.
        last: test metric after the last epoch, over trials.
        difference: to the baseline, trial by trial; None for the baseline.
        p_adjusted: its p after Holm's adjustment over the arms, or over the controls.
        verdict: one sentence; for the baseline, that it is the baseline.
        probes: what the trained networks do with their graph, by probe; see `probes.run.summaries`.
        report: which of `best` and `last` is compared.
        to_control: difference to the random edges that control for this arm; None without.
        to_degrees: difference to the control that has its degrees; None without.
        tuning: the sweep over settings (`tuning.sweep`); empty where nothing was tuned.
        tried: results there are, those of settings that were not chosen included.
        device: kind of device it was trained on.
    """

    arm: Arm
    trials: Mapping[int, TrialResult]
    best: Estimate
    last: Estimate
    difference: Difference | None = None
    p_adjusted: float | None = None
    verdict: str = "baseline"
    probes: Mapping[str, Any] = field(default_factory=dict)
    report: str = "best"
    to_control: ToControl | None = None
    to_degrees: ToControl | None = None
    tuning: Mapping[str, Any] = field(default_factory=dict)
    tried: int = 0
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """This arm's part of the comparison record."""
        results = list(self.trials.values())
        arm, told = self.arm, self.difference
        out = {
            "name": arm.name, "spec": arm.spec, "metric": arm.task.metric, **_estimate_json(getattr(self, self.report)),
            "best": _estimate_json(self.best), "last": _estimate_json(self.last),
            "difference": None if told is None else _difference_json(told, self.p_adjusted), "verdict": self.verdict,
            "edges": arm.edges, "edges_added": arm.added, "edges_removed": arm.removed, **arm.overlays,
            "seconds": {
                "rewire": arm.seconds, "train": sum(r.train for r in results),
                "evaluate": sum(r.evaluate for r in results),
            },
            "epochs": float(np.mean([r.epochs for r in results])) if results else None,
            **effort(results, self.device),
            "diverged": sum(r.diverged for r in results),
            "values": [{"trial": t, "best": r.best, "last": r.last} for t, r in self.trials.items()],
            "provenance": list(arm.provenance),
        }  # fmt: skip
        more: dict[str, Any] = {"control": arm.control, "control_for": list(arm.of), "tuning": dict(self.tuning)}
        for key, pair in (("to_control", self.to_control), ("to_degrees", self.to_degrees)):
            more[key] = None if pair is None else pair.to_json()
        if self.probes:
            out["seconds"]["probe"] = sum(p["seconds"] for p in self.probes.values())
            more["probes"] = dict(self.probes)
        return {**out, **{k: v for k, v in more.items() if v}, **arm.notes}


@dataclass(frozen=True)
class ToControl:
    """An arm against a control of its own, such as random edges of the same number, trial by trial.

    Args:
        name: of the control.
        difference: arm minus control.
        p_adjusted: after Holm's adjustment over the arms with controls of this kind.
        verdict: one sentence.
    """

    name: str
    difference: Difference
    p_adjusted: float | None = None
    verdict: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its part of the record."""
        return {"control": self.name, **_difference_json(self.difference, self.p_adjusted), "verdict": self.verdict}


def results_of(plan: Plan, store: Store) -> tuple[ArmResult, ...]:
    """The arms' results, compared with the baseline: the first arm without a rewiring, else the first arm.

    Args:
        plan: what was to be trained; one made from an outline will do.
        store: the trials.
    """
    report = plan.protocol.report
    groups = [_selected(plan, store, own, report) for own in plan.groups]
    baseline = next((g for g, r in enumerate(groups) if r.arm.spec == NONE), 0)
    told = [_told(plan, store, r, groups[baseline], g == baseline) for g, r in enumerate(groups)]
    to_random, to_degrees = (_against(plan, told, kind) for kind in (RANDOM, DEGREES))
    return tuple(
        replace(r, to_control=a, to_degrees=b) for r, a, b in zip(_judged(told), to_random, to_degrees, strict=True)
    )


def _judged(results: Sequence[ArmResult]) -> list[ArmResult]:
    """With adjusted p and verdicts; controls are a family of their own, so that they cost the arms no power."""
    families = ([None if bool(r.arm.control) != own else r.difference for r in results] for own in (False, True))
    asked, controls = map(adjusted, families)
    ps = [b if r.arm.control else a for r, a, b in zip(results, asked, controls, strict=True)]
    return [
        r if r.difference is None else replace(r, p_adjusted=p, verdict=_said(r, r.difference, p))
        for r, p in zip(results, ps, strict=True)
    ]


def _selected(plan: Plan, store: Store, variants: Sequence[int], report: str) -> ArmResult:
    """An arm's results: of each trial that is finished under all settings, that of the chosen one."""
    nothing = Estimate(None, None, None, 0)
    found = [{t: r for t in range(plan.trials) if (r := store.get(plan.key(a, t))) is not None} for a in variants]
    tried, arm, device = sum(map(len, found)), plan.arms[variants[0]], plan.device.partition(":")[0]
    if not arm.group:
        return ArmResult(arm, found[0], nothing, nothing, report=report, tried=tried, device=device)
    whole = [t for t in range(plan.trials) if all(t in one for one in found)]
    rows = [[one[t] for one in found] for t in whole]
    sign = 1.0 if arm.task.better == "higher" else -1.0
    chosen = [choose(row, report, sign) for row in rows]
    most = max(range(len(variants)), key=lambda k: (chosen.count(k), -k))
    settings = [{**plan.arms[a].changes, "arm": plan.arms[a].spec} for a in variants]
    every = [r for one in found for r in one.values()]
    spent = {"train": sum(r.train for r in every), "evaluate": sum(r.evaluate for r in every)}
    tuning = {"settings": settings, **(sweep(rows, report, sign) if rows else {}), "seconds": spent}
    trials = {t: row[k] for t, row, k in zip(whole, rows, chosen, strict=True)}
    shown = replace(plan.arms[variants[most]], name=arm.group)
    return ArmResult(shown, trials, nothing, nothing, report=report, tuning=tuning, tried=tried, device=device)


def _told(plan: Plan, store: Store, result: ArmResult, baseline: ArmResult, is_baseline: bool) -> ArmResult:
    """With estimates, the difference to the baseline, and probes."""
    bounds, ratio = result.arm.task.bounds, _ratio(plan)
    splits = [plan.arms[0].task.split_number(t) for t in result.trials]
    best, last = (
        estimate([getattr(r, k) for r in result.trials.values()], ratio, bounds=bounds, splits=splits)
        for k in ("best", "last")
    )
    difference = None if is_baseline else _paired(plan, result, baseline)
    probes: Mapping[str, Any] = {}
    if plan.probes:
        numbers = {id(a): n for n, a in enumerate(plan.arms)}
        probes = summaries(plan, store, numbers[id(result.arm)], numbers[id(baseline.arm)])
    return replace(result, best=best, last=last, difference=difference, probes=probes)


def _paired(plan: Plan, result: ArmResult, other: ArmResult) -> Difference:
    both = sorted(result.trials.keys() & other.trials.keys())
    values, base = ([getattr(r.trials[t], r.report) for t in both] for r in (result, other))
    splits = [plan.arms[0].task.split_number(t) for t in both]
    found = paired(values, base, _ratio(plan), plan.seed, bounds=result.arm.task.bounds, splits=splits)
    lower = result.arm.task.better == "lower"  # a win is then a difference below zero
    return replace(found, wins=found.losses, losses=found.wins) if lower else found


def _against(plan: Plan, results: Sequence[ArmResult], kind: str) -> list[ToControl | None]:
    """The difference of each arm to its control of a kind, p adjusted over these differences."""
    control = {name: c for c in results if c.arm.control == kind for name in c.arm.of}
    pairs = [
        None if (c := control.get(r.arm.name)) is None else ToControl(c.arm.name, _paired(plan, r, c)) for r in results
    ]
    ps = adjusted([None if pair is None else pair.difference for pair in pairs])
    return [
        None if pair is None else replace(pair, p_adjusted=p, verdict=_said(r, pair.difference, p))
        for r, pair, p in zip(results, pairs, ps, strict=True)
    ]


def _said(result: ArmResult, difference: Difference, p: float | None) -> str:
    task = result.arm.task
    return verdict(difference, p, percent=task.percent, better=task.better)


def _ratio(plan: Plan) -> float | None:
    """Mean n_test / n_train over the trials, None where all are tested on the same units."""
    task = plan.arms[0].task
    if task.same_test:
        return None
    return float(np.mean([task.split(plan.seed, t).ratio for t in range(plan.trials)]))


def _difference_json(d: Difference, p_adjusted: float | None) -> dict[str, Any]:
    out = {
        "mean": d.mean, "sd": d.sd, "ci95": None if d.ci95 is None else list(d.ci95), "p": d.p,
        "p_adjusted": p_adjusted, "p_permutation": d.p_permutation, "wins": d.wins, "ties": d.ties,
        "losses": d.losses, "smallest_detectable_effect": d.detectable, "test": d.test,
    }  # fmt: skip
    more = {"reason": d.reason, "splits": d.splits}
    return {**out, **{k: v for k, v in more.items() if v}}


def _estimate_json(e: Estimate) -> dict[str, Any]:
    out = {"mean": e.mean, "sd": e.sd, "ci95": None if e.ci95 is None else list(e.ci95), "trials": e.trials}
    return {**out, "reason": e.reason} if e.reason else out
