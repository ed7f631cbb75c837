"""Every number of a comparison record, derived again from the curves in the database by the definitions alone.

Nothing of the package takes part in the derivation: rows are read with sqlite3, curves unpacked by hand. They are
stored in single precision, which is what numbers agree to.
"""

from __future__ import annotations

import itertools
import json
import math
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from probe_nets import RINGS
from scipy import optimize, special, stats

from mixcli.generators.graphs import barbell, erdos_renyi
from mixcli.training.compare import compare

ARMS = ["none", "fosr:iterations=2", "random:iterations=1", "virtual_node:1"]


def regressed() -> dict[str, Any]:
    return {"toy": [g.replace(graph={"y": np.array([g.m / g.n + 0.1 * (i % 3)])}) for i, g in enumerate(RINGS)]}


def with_three_splits() -> Any:
    """A graph of labelled nodes with three columns of masks, which trials take in turn."""
    rng = np.random.default_rng(0)
    part, y = rng.integers(0, 3, (60, 3)), np.arange(60) % 2
    masks = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    x = (rng.normal(size=(60, 4)) + 0.7 * y[:, None]).astype(np.float32)
    return erdos_renyi(60, 90, seed=0).replace(node={"y": y, "x": x, **masks})


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "controls and probes": (
        {"toy": RINGS}, {"arms": ARMS[:2], "model": "rgcn:hidden=8,layers=3", "trials": 5, "controls": True,
                         "probes": ["rank:graphs=4", "dirichlet:graphs=4"],
                         "protocol": {"epochs": 12, "patience": 3, "lr": 0.03}},
    ),
    "regression, last epoch": (
        regressed(), {"arms": ARMS, "model": "gin:hidden=8,layers=2", "trials": 4,
                      "protocol": {"epochs": 8, "report": "last", "lr": 0.01}},
    ),
    "tuned": (
        {"toy": RINGS * 3}, {"arms": ARMS[:3], "model": "gcn:hidden=8,layers=2", "trials": 4, "tune": 3,
                             "protocol": {"epochs": 12}},
    ),
    "shared splits": (
        with_three_splits(), {"arms": ARMS[:3], "model": "gcn:hidden=8,layers=2", "trials": 6,
                              "protocol": {"epochs": 20, "lr": 0.03}},
    ),
    "one split": (barbell(4, 0), {"arms": ARMS[:3], "model": "gin:hidden=16,layers=3", "trials": 3,
                                  "protocol": {"epochs": 12, "lr": 0.01}}),
}  # fmt: skip

FACTS = ("edges", "overlay", "virtual_nodes", "provenance", "seconds", "parameters", "peak_memory", "tuning.settings",
         "tuning.seconds", "values.*.trial", "probes.*.from", "probes.*.seconds")  # fmt: skip
"""Numbers that say what was trained and what it took, not what came of it."""


class Derived:
    """A record's numbers from a database.

    Args:
        path: of the database, which holds one comparison.
    """

    def __init__(self, path: Path) -> None:
        with sqlite3.connect(path) as db:
            self.outline = json.loads(db.execute("select outline from plan").fetchone()[0])
            rows = db.execute("select key, spec, curves from trial").fetchall()
            probes = db.execute("select key, name, result from probe").fetchall()
        self.task, self.protocol = self.outline["task"], self.outline["protocol"]
        self.sign = 1 if self.task["better"] == "higher" else -1
        self.bounds = self.task["bounds"] or [-math.inf, math.inf]
        self.ratio = 0.0 if self.task["same_test"] else float(np.mean(self.task["ratios"]))
        self.trials = [(key, json.loads(spec), unpacked(blob)) for key, spec, blob in rows]
        self.probes: dict[str, dict[str, Any]] = {}
        for key, name, result in probes:
            self.probes.setdefault(key, {})[name] = json.loads(result)

    def curves(self, arm: dict[str, Any]) -> dict[int, tuple[str, list[tuple[float, ...]]]]:
        """Trial -> (key, curves) of an arm."""
        changes = dict(arm["changes"])
        dropout = changes.pop("dropout", None)
        found = {}
        for key, spec, curves in self.trials:
            same = (spec["arm"], spec["topology"], spec["dataset"]) == (arm["spec"], arm["topology"], arm["dataset"])
            same = same and spec["protocol"] == {**self.protocol, **changes}
            if same and (dropout is None or f"dropout={dropout}" in spec["model"]):
                found[spec["trial"]] = key, curves
        return found

    def best(self, curves: list[tuple[float, ...]]) -> int:
        """The first epoch, from 0, with the best validation metric, of equals that with the lowest loss."""
        return max(range(len(curves)), key=lambda e: (self.sign * curves[e][2], -float(f"{curves[e][1]:.6g}"), -e))

    def value(self, curves: list[tuple[float, ...]], report: str) -> float:
        return curves[self.best(curves) if report == "best" else -1][3]

    def chosen(self, settings: list[dict[int, Any]], trial: int) -> int:
        """Number of the setting that validation likes best in a trial."""
        stands = []
        for setting in settings:
            curves = setting[trial][1]
            at = self.best(curves) if self.protocol["report"] == "best" else -1
            stands.append((self.sign * curves[at][2], -curves[at][1]))
        return stands.index(max(stands))

    def by_split(self, values: dict[int, float]) -> list[float]:
        splits: dict[int, list[float]] = {}
        for trial in sorted(values):
            splits.setdefault(self.task["splits"][trial], []).append(values[trial])
        return [float(np.mean(v)) for v in splits.values()]

    def estimate(self, values: dict[int, float]) -> dict[str, Any]:
        x = self.by_split(values)
        out: dict[str, Any] = {"mean": np.mean(x), "sd": np.std(x, ddof=1), "trials": len(values), "ci95": None}
        if out["sd"] > 1e-9:
            half = stats.t.ppf(0.975, len(x) - 1) * out["sd"] * math.sqrt(1 / len(x) + self.ratio)
            out["ci95"] = [max(self.bounds[0], out["mean"] - half), min(self.bounds[1], out["mean"] + half)]
        return out

    def difference(self, values: dict[int, float], base: dict[int, float]) -> dict[str, Any]:
        gaps = {t: values[t] - base[t] for t in values}
        better = [self.sign * g for g in gaps.values()]
        d = self.by_split(gaps)
        n, mean, sd = len(d), float(np.mean(d)), float(np.std(d, ddof=1))
        flips = [abs(np.dot(signs, d)) >= abs(sum(d)) - 1e-6 for signs in itertools.product((1, -1), repeat=n)]
        out: dict[str, Any] = {
            "mean": mean, "sd": sd, "ci95": None, "p": None, "p_adjusted": None, "p_permutation": np.mean(flips),
            "wins": sum(b > 1e-6 for b in better), "ties": sum(abs(b) <= 1e-6 for b in better),
            "losses": sum(b < -1e-6 for b in better), "smallest_detectable_effect": None,
        }  # fmt: skip
        if n < len(values):
            out["splits"] = n
        if sd > 1e-9:
            error, t = sd * math.sqrt(1 / n + self.ratio), stats.t(n - 1)
            reach = self.bounds[1] - self.bounds[0]
            half = t.ppf(0.975) * error
            out["ci95"] = [max(-reach, mean - half), min(reach, mean + half)]
            out["p"] = 2 * t.sf(abs(mean) / error)
            out["smallest_detectable_effect"] = error * detected(n - 1)
        elif mean == 0:
            out["p"] = 1.0
        return out

    def record(self) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for arm in self.outline["arms"]:
            groups.setdefault(arm["group"] or arm["name"], []).append(arm)
        arms = {name: self.arm(variants) for name, variants in groups.items()}
        base = next(name for name, variants in groups.items() if variants[0]["spec"] == "none")
        reported = {n: {t: a["values"][t][self.protocol["report"]] for t in a["values"]} for n, a in arms.items()}
        for name, arm in arms.items():
            arm["difference"] = None if name == base else self.difference(reported[name], reported[base])
            for control, variants in groups.items():
                kind = {"random": "to_control", "degrees": "to_degrees"}.get(variants[0]["control"])
                if kind and name in variants[0]["of"]:
                    arm[kind] = self.difference(reported[name], reported[control])
            for spec, probe in arm.get("probes", {}).items():
                for figure, told in probe["figures"].items():
                    if name != base:
                        told["difference"] = averaged(paired_gaps(self.found[name], self.found[base], spec, figure))
        for family in (False, True):
            adjust([a["difference"] for n, a in arms.items() if n != base and bool(groups[n][0]["control"]) == family])
        for kind in ("to_control", "to_degrees"):
            adjust([a[kind] for a in arms.values() if kind in a])
        shown = [a["difference"]["smallest_detectable_effect"] for n, a in arms.items() if n != base]
        return {"arms": list(arms.values()), "smallest_detectable_effect": max(filter(None, shown), default=None)}

    found: dict[str, list[Any]]

    def arm(self, variants: list[dict[str, Any]]) -> dict[str, Any]:
        settings = [self.curves(v) for v in variants]
        trials = sorted(settings[0])
        assert all(sorted(s) == trials == list(range(self.outline["trials"])) for s in settings)
        picks = [self.chosen(settings, t) if len(variants) > 1 else 0 for t in trials]
        curves = {t: settings[k][t][1] for t, k in zip(trials, picks, strict=True)}
        values = {t: {r: self.value(c, r) for r in ("best", "last")} for t, c in curves.items()}
        whole = {r: self.estimate({t: v[r] for t, v in values.items()}) for r in ("best", "last")}
        out = {**whole[self.protocol["report"]], **whole, "values": values}
        out["epochs"] = np.mean([len(c) for c in curves.values()])
        out["epochs_to_best"] = np.mean([self.best(c) + 1 for c in curves.values()])
        out["diverged"] = sum(not math.isfinite(c[-1][0]) for c in curves.values())
        if len(variants) > 1:
            out["tuning"] = self.tuning(settings, picks)
        readings = [self.probes.get(settings[0][t][0], {}) for t in trials]
        if self.outline["probes"]:
            self.found = {**getattr(self, "found", {}), variants[0]["name"]: readings}
            out["probes"] = {spec: summary([r[spec] for r in readings]) for spec in self.outline["probes"]}
        return out

    def tuning(self, settings: list[dict[int, Any]], picks: list[int]) -> dict[str, Any]:
        report, count = self.protocol["report"], len(settings)
        test = np.array([[self.value(s[t][1], report) for s in settings] for t in sorted(settings[0])])
        validation = np.array([[s[t][1][self.best(s[t][1])][2] for s in settings] for t in sorted(settings[0])])
        curve = []
        for k in range(1, count + 1):
            subsets = list(itertools.combinations(range(count), k))
            rows = []
            for trial in range(len(test)):
                tops = [sub[self.chosen([settings[j] for j in sub], trial)] for sub in subsets]
                rows.append((np.mean(test[trial, tops]), np.mean(validation[trial, tops])))
            curve.append({"k": k, "mean": np.mean(rows, 0)[0], "validation": np.mean(rows, 0)[1]})
        means = test.mean(0)
        quantiles = dict(
            zip(("min", "q25", "q50", "q75", "max"), np.quantile(means, (0, 0.25, 0.5, 0.75, 1)), strict=True)
        )
        spread = {"mean": means.mean(), "sd": means.std(ddof=1), **quantiles}
        chosen = [picks.count(k) for k in range(count)]
        return {"best_of": curve, "spread": spread, "by_setting": means.tolist(), "chosen": chosen}


def unpacked(blob: bytes) -> list[tuple[float, ...]]:
    """Training loss, validation loss, validation and test metric by epoch."""
    return list(struct.iter_unpack("<4f", zlib.decompress(blob)))


def averaged(values: list[float | None]) -> dict[str, Any]:
    known = [v for v in values if v is not None]
    error = np.std(known, ddof=1) / math.sqrt(len(known)) if len(known) > 1 else None
    return {"mean": np.mean(known) if known else None, "error": error, "trials": len(known)}


def summary(readings: list[dict[str, Any]]) -> dict[str, Any]:
    names = {kind: list(readings[0][kind]) for kind in ("figures", "curves")}
    figures = {n: averaged([r["figures"][n] for r in readings]) for n in names["figures"]}
    curves = {}
    for n in names["curves"]:
        points = [averaged(list(column)) for column in zip(*[r["curves"][n] for r in readings], strict=True)]
        curves[n] = {k: [p[k] for p in points] for k in ("mean", "error", "trials")}
    return {"trials": len(readings), "figures": figures, "curves": curves}


def paired_gaps(own: list[Any], base: list[Any], spec: str, figure: str) -> list[float | None]:
    pairs = [(a[spec]["figures"][figure], b[spec]["figures"][figure]) for a, b in zip(own, base, strict=True)]
    return [a - b for a, b in pairs if a is not None and b is not None]


def detected(freedom: int) -> float:
    """Noncentrality at which the upper half of the two-sided test at the 5 % level has a power of 80 %."""
    critical = stats.t.ppf(0.975, freedom)
    return float(optimize.brentq(lambda shift: special.nctdtr(freedom, shift, critical) - 0.2, 0.5, 30))


def adjust(differences: list[dict[str, Any]]) -> None:
    """Holm: the k-th smallest p times how many are left, never less than the one before."""
    known = sorted((d for d in differences if d["p"] is not None), key=lambda d: d["p"])
    before = 0.0
    for place, d in enumerate(known):
        before = d["p_adjusted"] = max(before, min(1.0, d["p"] * (len(known) - place)))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Every number, and every place where there is none."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}.{place}")
    elif value is None or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool)):
        yield path, None if value is None else float(value)


def is_fact(path: str) -> bool:
    parts = path.split(".")
    for fact in FACTS:
        wanted = fact.split(".")
        if len(parts) >= len(wanted) and all(w == "*" or p.startswith(w) for w, p in zip(wanted, parts, strict=False)):
            return True
    return False


@pytest.mark.parametrize("case", CASES)
def test_record_follows_from_the_curves(case: str, tmp_path: Path) -> None:
    source, told = CASES[case][0], dict(CASES[case][1])
    record = compare(source, told.pop("arms"), store=tmp_path / "r.db", **told).record()
    derived = Derived(tmp_path / "r.db").record()
    effects = [r["smallest_detectable_effect"] for r in (record, derived)]
    assert effects[0] == pytest.approx(effects[1], rel=1e-4)
    assert len(record["arms"]) == len(derived["arms"])
    varied = 0
    for arm, again in zip(record["arms"], derived["arms"], strict=True):
        expected = dict(leaves(again))
        for path, value in leaves(arm):
            if is_fact(path):
                continue
            assert path in expected, f"{arm['name']}: {path} does not follow from the curves"
            found = expected.pop(path)
            if value is None or found is None:
                assert value is found, (arm["name"], path, value, found)
            else:
                assert value == pytest.approx(found, rel=2e-4, abs=2e-6), (arm["name"], path)
            varied += 1
        late = {path for path in expected if path.startswith("epochs_to_best") and "epochs_to_best" not in arm}
        assert set(expected) - late == set(), f"{arm['name']}: not in the record"
    assert varied > 40
    assert len({v["best"] for arm in record["arms"] for v in arm["values"]}) > 1  # the case is not a trivial one
