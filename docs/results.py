"""Trains what papers on rewiring trained, and writes docs/results.md from all that has been trained so far.

    python docs/results.py -o results.db --data-root DATA --hours 2

A cell is a data set with a model. Cells take turns, a trial of every arm each time, so that when the time is up all
have the same number of trials, give or take one; the same command goes on where the last one stopped. `--hours 0` only
writes the page, `--only MUTAG,Texas/gcn` keeps to some cells, `--quick` runs it all on graphs made on the spot.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from results_page import page
from results_published import FIGURES

from mixcli.catalog import MODELS, PROTOCOLS, REWIRINGS
from mixcli.context import Context
from mixcli.errors import Interrupted
from mixcli.generators.graphs import cycle, lollipop, ring_of_cliques
from mixcli.graph import Graph
from mixcli.sources import load_all
from mixcli.training.arms import NONE, make_arms
from mixcli.training.outline import outline_of
from mixcli.training.plan import Plan
from mixcli.training.runner import run
from mixcli.training.store import Store

GRAPHS = ("MUTAG", "ENZYMES", "PROTEINS", "IMDB-BINARY")
NODES = {"Cora": "Planetoid", "Cornell": "WebKB", "Texas": "WebKB", "Wisconsin": "WebKB"}
NETWORKS = ("gcn", "gin", "rgcn")
QUICK = ("shapes", "rings")
TRIALS, FEW = 100, 2


class TimeUp(Exception):
    """The hours are over."""


@dataclass(frozen=True)
class Cell:
    """A data set with a model.

    Args:
        data: name of the data set.
        model: name of the model.
        quick: whether the data set is made on the spot, and epochs are few.
    """

    data: str
    model: str
    quick: bool = False

    @property
    def preset(self) -> str:
        """The paper whose protocol it is trained by."""
        return "sdrf" if self.data in NODES or self.data == "rings" else "fosr"

    @property
    def arms(self) -> list[str]:
        """The rewirings, with the settings that were published; R-GCN has those of GCN."""
        network = "gin" if self.model == "gin" else "gcn"
        if self.quick:
            budgets, borf = {"fosr": 2, "sdrf": 2}, "borf:iterations=1,additions=2,removals=1"
        elif self.data in NODES:
            said = REWIRINGS.get("fosr").published[f"{self.data} ({network.upper()})"]
            budgets, borf = {"fosr": int(said.partition("=")[2])}, REWIRINGS.get("borf").published[self.data]
        else:
            budgets = {arm: FIGURES[self.data, network, arm].budget for arm in ("fosr", "sdrf")}
            borf = REWIRINGS.get("borf").published[self.data]
        sdrf = f"sdrf:iterations={budgets['sdrf']},tau=1" if "sdrf" in budgets else None
        return [
            NONE, f"random:iterations={budgets['fosr']}", sdrf or REWIRINGS.get("sdrf").published[self.data],
            f"fosr:iterations={budgets['fosr']}", borf, "last_layer_fa", "cayley",
        ]  # fmt: skip

    def graphs(self, root: str | None) -> list[Graph]:
        """The data set as the protocol takes it, undirected."""
        if self.quick:
            found = [rings()] if self.data == "rings" else shapes()
        else:
            kind = NODES.get(self.data, "TUDataset")
            found = list(load_all(f"pyg:{kind}/{self.data}", data_root=root, directed=False))
        return list(PROTOCOLS.get(self.preset).prepared(found))

    def plan(self, root: str | None, context: Context) -> Plan:
        """Everything that is to be trained in it."""
        preset, graphs = PROTOCOLS.get(self.preset), self.graphs(root)
        arms = make_arms({self.data: graphs}, self.arms, context)
        task = arms[0].task
        protocol = preset.protocol(task)
        if self.quick:
            protocol = protocol.changed({"epochs": 2})
        model = preset.model(MODELS.make(self.model), task).completed(task)
        split = tuple(replace(a, task=a.task.under(protocol)) for a in arms)
        return Plan(split, model, protocol, context.seed, FEW if self.quick else TRIALS, "cpu")

    def outline(self, plan: Plan) -> dict[str, object]:
        """What the store keeps, so that the page needs neither data nor rewiring."""
        task = plan.arms[0].task
        ratio = None if task.same_test else float(np.mean([task.split(plan.seed, t).ratio for t in range(plan.trials)]))
        arms = [
            {"spec": said, "added": a.added, "removed": a.removed, "overlay": a.overlays.get("overlay_edges", 0)}
            for said, a in zip(self.arms, plan.arms, strict=True)
        ]
        keys = [[plan.key(a, t) for a in range(len(plan.arms))] for t in range(plan.trials)]
        told = {
            "data": self.data, "model": self.model, "preset": self.preset, "ratio": ratio, "arms": arms, "keys": keys,
            "facts": task.facts(), "report": plan.protocol.report,
        }  # fmt: skip
        return {**outline_of(plan, self.data), "page": told}


def shapes() -> list[Graph]:
    """Forty small graphs of two classes: rings, and cliques with a tail."""
    made = [(cycle(6 + i % 5), 0) if i % 2 else (lollipop(4, 2 + i % 4), 1) for i in range(40)]
    return [g.replace(graph={"y": np.array([y])}) for g, y in made]


def rings() -> Graph:
    """Twenty cliques in a ring, of two classes, with a hint of the class in the features."""
    graph = ring_of_cliques(20, 5)
    y = np.arange(graph.n) // 5 % 2
    noise = Context().rng("results").random((graph.n, 4))
    return graph.replace(node={"y": y, "x": (noise + y[:, None] * 0.2).astype(np.float32)})


def train(cells: Sequence[Cell], store: Store, hours: float, root: str | None, jobs: int, turn: int) -> str:
    """Let the cells take turns until the time is up or all is done; returns what ended it."""
    deadline = time.monotonic() + 3600 * hours

    def watch(what: str, done: int, total: int) -> None:
        if time.monotonic() > deadline:
            raise TimeUp

    context = Context(device="cpu", progress=watch)
    try:
        for trials, cell, plan in turns(cells, store, root, context, turn):
            began = time.monotonic()
            if not run(replace(plan, trials=min(trials, plan.trials)), store, context, jobs):
                return "interrupted"
            print(f"{cell.data} {cell.model}: trial {trials}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    except TimeUp:
        return "the time is up"
    except (Interrupted, KeyboardInterrupt):
        return "interrupted"
    return "all trials are done"


def turns(
    cells: Sequence[Cell], store: Store, root: str | None, context: Context, turn: int
) -> Iterator[tuple[int, Cell, Plan]]:
    """(trials it should have by then, cell, plan), cell after cell and round after round."""
    plans: dict[Cell, Plan] = {}
    for trials in range(turn, (FEW if cells[0].quick else TRIALS) + turn, turn):
        for cell in cells:
            if cell not in plans:
                plans[cell] = cell.plan(root, context)
                store.put_plan(plans[cell].digest, cell.outline(plans[cell]))
            yield trials, cell, plans[cell]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", help="the store of trials, made where it is missing; none with --quick")
    parser.add_argument("--hours", type=float, default=2.0, help="time to train; 0 only writes the page")
    parser.add_argument("--jobs", type=int, default=1, help="processes to train in")
    parser.add_argument("--turn", type=int, default=1, help="trials a cell trains in its turn; more pays with --jobs")
    parser.add_argument("--data-root", help="folder of the data sets, as for pyg: sources")
    parser.add_argument("--only", help="cells to train, as in MUTAG,Texas/gcn; default all")
    parser.add_argument("--page", help="where the page goes; default docs/results.md, with --quick standard output")
    parser.add_argument("--quick", action="store_true", help="two trials of two epochs on graphs made on the spot")
    return parser.parse_args()


def main() -> None:
    """Train, then write the page."""
    asked = arguments()
    if not asked.quick and not asked.output:
        sys.exit("give -o RESULTS.db")
    cells = [Cell(d, m, asked.quick) for d in (QUICK if asked.quick else [*NODES, *GRAPHS]) for m in NETWORKS]
    everything = [(c.data, c.model) for c in cells]
    if asked.only:
        only = asked.only.split(",")
        known = {name for c in cells for name in (c.data, f"{c.data}/{c.model}")}
        if unknown := set(only) - known:
            sys.exit(f"no such cell: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        cells = [c for c in cells if c.data in only or f"{c.data}/{c.model}" in only]
    with Store(asked.output) as store:
        ended = train(cells, store, asked.hours, asked.data_root, asked.jobs, asked.turn) if asked.hours > 0 else ""
        print(ended or "nothing trained", file=sys.stderr)
        text = page(store, everything)
    if asked.quick and not asked.page:
        print(text, end="")
    else:
        Path(asked.page or Path(__file__).parent / "results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
