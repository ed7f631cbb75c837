"""Time of an epoch of one trial: ours against the plain loop of torch_geometric, with the same data and model.

    python benchmarks/training.py --data-root FOLDER [--quick] [--only NAME] [--repeats K] [--device D] [--stack S]
                                  [--count]

The peer is what published rewiring code does: PyG's DataLoader and modules, torch.optim.Adam and ReduceLROnPlateau, and
after each epoch the accuracies of training, validation and test set. Ours trains and takes validation and test
accuracy (the training loss comes with the training). Five convolutions of width 64, batches of 64, dropout 0.5, one
thread; R-GCN with a tenth of the edges in a second relation. Before anything is timed, both train an epoch from the
same weights on the same batches without dropout, and must end with the same losses.

On a processor one trial is timed, in processor time, epochs of both in turns. With `--stack S` or on CUDA (S = 300) so
many trials are trained at once, and the wall time of an epoch is divided by S; the peer trains one, on the same device.

With `--count` nothing is timed: it counts the operators that torch calls in an epoch of one trial alone, and of S = 50
(or `--stack S`) at once. On an accelerator each is a launch, so the count says what stacking is worth there, whatever
machine it is counted on.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch
from calls import calls_alone, calls_stacked
from common import arguments, table
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCNConv, GINConv, RGCNConv, global_mean_pool

from mixcli.catalog import MODELS
from mixcli.errors import MixcliError
from mixcli.generators.graphs import cycle, path
from mixcli.graph import Graph
from mixcli.numerics.device import resolve
from mixcli.sources import load_all
from mixcli.training.device import synchronise
from mixcli.training.dropout import Dropout
from mixcli.training.engine import Fit
from mixcli.training.stacked.fit import run_stack
from mixcli.training.stacked.job import StackJob
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.topology import Topology, topology_of

SETS, MODEL_NAMES = ("MUTAG", "PROTEINS"), ("gcn", "gin", "rgcn")
COUNTED = (*MODEL_NAMES, "sage", "rgin", "gat", "gatedgcn")
STACK, COUNTED_STACK = 300, 50
TOLERANCE = {"gcn": 1e-4, "gin": 5e-3, "rgcn": 1e-4}
"""Of the losses, relative; batch normalisation magnifies the rounding of float32."""
COUNTS = ("data", "model", "calls alone", "trials at once", "calls at once", "calls by trial", "ratio")
HEAD = ("data", "model", "device", "trials at once", "PyG loop, ms", "ours, ms", "ratio", "difference of losses")


@dataclass(frozen=True)
class Case:
    """One data set under one model.

    Args:
        data: name of the data set.
        model: name of the model.
        task: features, labels, splits.
        graphs: with edge types.
        topology: of the graphs.
        device: where both train.
    """

    data: str
    model: str
    task: GraphClassification
    graphs: Sequence[Graph]
    topology: Topology
    device: torch.device

    @property
    def relations(self) -> int:
        """Relations of the network."""
        return 2 if self.model in ("rgcn", "rgin") else 1

    def ours(self, dropout: float) -> Fit:
        """Our training, not begun yet."""
        model = MODELS.make(f"{self.model}:dropout={dropout}").completed(self.task)
        net = model.network(self.task, self.relations, torch.Generator().manual_seed(0)).to(self.device)
        loader = self.task.loader(self.topology, self.relations, self.device)
        return Fit(net, loader, self.task.protocol, Dropout(dropout, 0, self.device))

    def jobs(self, size: int, epochs: int) -> list[StackJob]:
        """Trials to train at once."""
        model = MODELS.make(f"{self.model}:dropout=0.5").completed(self.task)
        protocol = dataclasses.replace(self.task.protocol, epochs=epochs, patience=0)
        return [StackJob(self.task, self.topology, model, protocol, 0, t, self.relations) for t in range(size)]


class Peer(torch.nn.Module):
    """The loop that published code runs, from the weights of our network."""

    def __init__(self, case: Case, net: Any, dropout: float) -> None:
        super().__init__()
        self.kind, self.dropout, self.device = case.model, dropout, case.device
        widths = [case.task.width, *[64] * 4, case.task.classes]
        self.convolutions = torch.nn.ModuleList(_convolution(case.model, a, b) for a, b in pairwise(widths))
        with torch.no_grad():
            for theirs, layer in zip(self.convolutions, net.layers, strict=True):
                _copy(case.model, theirs, layer)
        self.to(case.device)
        self.optimiser = torch.optim.Adam(self.parameters(), case.task.protocol.lr)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimiser)
        self.data = _data(case)
        split = case.task.split(0, 0)
        self.loaders = [self.loader(part, shuffle=True) for part in (split.train, split.val, split.test)]

    def loader(self, units: np.ndarray, shuffle: bool = False) -> DataLoader:
        """Batches of 64 graphs."""
        return DataLoader([self.data[i] for i in units], batch_size=64, shuffle=shuffle)

    def forward(self, batch: Any) -> torch.Tensor:
        """Class scores by graph."""
        x = batch.x
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x, batch.edge_index, *([batch.edge_type] if self.kind == "rgcn" else []))
            if i < len(self.convolutions) - 1:
                x = functional.dropout(functional.relu(x), self.dropout, self.training)
        return global_mean_pool(x, batch.batch)

    def epoch(self, loader: Any = None) -> float:
        """Train one epoch: the mean loss."""
        self.train()
        total = count = 0.0
        for batch in loader or self.loaders[0]:
            batch = batch.to(self.device)
            self.optimiser.zero_grad()
            loss = functional.cross_entropy(self(batch), batch.y)
            loss.backward()
            self.optimiser.step()
            total, count = total + loss.item() * batch.num_graphs, count + batch.num_graphs
        self.scheduler.step(total)
        return total / count

    def accuracies(self) -> list[float]:
        """Of training, validation and test set."""
        self.eval()
        found = []
        with torch.no_grad():
            for loader in self.loaders:
                right = sum((self(b).argmax(dim=1) == b.y).sum().item() for b in (b.to(self.device) for b in loader))
                found.append(right / len(loader.dataset))
        return found


def _convolution(kind: str, a: int, b: int) -> Any:
    if kind == "gcn":
        return GCNConv(a, b)
    if kind == "rgcn":
        return RGCNConv(a, b, 2)
    nn = torch.nn
    return GINConv(nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, b)))


def _copy(kind: str, theirs: Any, layer: Any) -> None:
    if kind == "gcn":
        theirs.lin.weight.copy_(layer.weight.T), theirs.bias.copy_(layer.bias)
    elif kind == "rgcn":
        theirs.root.copy_(layer.root), theirs.weight.copy_(layer.weight), theirs.bias.copy_(layer.bias)
    else:
        first, _, _, second = theirs.nn
        first.weight.copy_(layer.first.T), first.bias.zero_()  # which batch normalisation takes away
        second.weight.copy_(layer.second.T), second.bias.copy_(layer.bias)


def _data(case: Case) -> list[Data]:
    found = []
    for i, g in enumerate(case.graphs):
        first = case.task.start[i]
        index = torch.from_numpy(np.concatenate([g.edges, g.edges[:, ::-1]]).T.copy())
        kind = torch.from_numpy(np.tile(g.edge["edge_type"], 2))
        x = torch.from_numpy(case.task.x[first : first + g.n])
        y = torch.tensor([int(case.task.labels[i])])
        found.append(Data(x=x, edge_index=index, edge_type=kind, y=y))
    return found


def difference(case: Case) -> float:
    """Relative difference of the mean losses of an epoch from the same weights, on the same batches, no dropout."""
    ours = case.ours(0.0)
    peer = Peer(case, ours.net, 0.0)
    order = np.random.default_rng(0).permutation(case.task.split(0, 0).train)
    ours.train(order)
    theirs = peer.epoch(peer.loader(order))
    return abs(ours.loss - theirs) / theirs


def in_turns(case: Case, repeats: int) -> tuple[float, float]:
    """Median processor seconds of an epoch of the peer, and of ours."""
    ours = case.ours(0.5)
    peer = Peer(case, ours.net, 0.5)
    split, rng = case.task.split(0, 0), np.random.default_rng(0)
    checks = list(ours.loader.batches(np.concatenate([split.val, split.test]), ours.loader.chunk()))
    took: list[tuple[float, float]] = []
    for _ in range(repeats + 1):
        began = time.process_time()
        peer.epoch(), peer.accuracies()
        between = time.process_time()
        ours.train(rng.permutation(split.train)), ours.evaluate(checks, len(split.val))
        took.append((between - began, time.process_time() - between))
    theirs, mine = zip(*took[1:], strict=True)
    return median(theirs), median(mine)


def at_once(case: Case, size: int, repeats: int) -> tuple[float, float]:
    """Wall seconds of an epoch of the peer, and of ours divided by the trials trained at once."""
    peer = Peer(case, case.ours(0.5).net, 0.5)
    took = []
    for _ in range(repeats + 1):
        synchronise(case.device)
        began = time.perf_counter()
        peer.epoch(), peer.accuracies()
        synchronise(case.device)
        took.append(time.perf_counter() - began)
    jobs = case.jobs(size, repeats)
    run_stack(case.jobs(size, 1), case.device)
    results = run_stack(jobs, case.device)
    return median(took[1:]), sum(r.train + r.evaluate for r in results) / size / repeats


def counts(case: Case, size: int) -> tuple[Any, ...]:
    """A row of the table of calls."""
    jobs = case.jobs(size, 1)
    alone, together = calls_alone(jobs[0], case.device), calls_stacked(jobs, case.device)
    by_trial = together / size
    return case.data, case.model, alone, size, together, by_trial, f"{alone / by_trial:.3g}x"


def cases(options: argparse.Namespace, device: torch.device) -> Iterator[Case]:
    """Every data set under every model."""
    for name in ["made up"] if options.quick else SETS:
        try:
            graphs = (
                made_up() if options.quick else list(load_all(f"pyg:TUDataset/{name}", data_root=options.data_root))
            )
        except MixcliError as error:
            print(f"{name} is skipped: {error}", file=sys.stderr)
            continue
        rng = np.random.default_rng(0)
        graphs = [g.replace(edge={"edge_type": (rng.random(g.m) < 0.1).astype(np.int64)}) for g in graphs]
        task, topology = GraphClassification.of(graphs, name), topology_of(graphs)
        for model in COUNTED if options.count else MODEL_NAMES:
            if options.only in f"{name} {model}":
                yield Case(name, model, task, graphs, topology, device)


def made_up() -> list[Graph]:
    """Small graphs with labels, so that the script can be tried without data."""
    graphs = [(cycle if i % 2 else path)(5 + i % 7) for i in range(60)]
    x = [np.random.default_rng(i).normal(size=(g.n, 3)).astype(np.float32) for i, g in enumerate(graphs)]
    return [g.replace(graph={"y": np.array([i % 2])}, node={"x": x[i]}) for i, g in enumerate(graphs)]


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--data-root", help="folder of the data sets; default MIXCLI_DATA")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--stack", type=int, default=0, help=f"trials at once; default 1 on a processor, else {STACK}")
    parser.add_argument("--count", action="store_true", help="count the operators called instead of the seconds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")  # PyG's about optional packages
    device = torch.device(resolve(options.device))
    size = options.stack or (1 if device.type == "cpu" else STACK)
    if options.count:
        size = options.stack or COUNTED_STACK
        print(table(COUNTS, (counts(case, size) for case in cases(options, device))))
        return 0
    repeats = 1 if options.quick else options.repeats
    rows = []
    for case in cases(options, device):
        off = difference(case)
        if off > TOLERANCE[case.model]:
            print(f"{case.data} {case.model}: the losses differ by {off:.1e}", file=sys.stderr)
            return 1
        theirs, mine = in_turns(case, repeats) if size == 1 else at_once(case, size, repeats)
        ratio = f"{theirs / mine:.3g}x"
        rows.append((case.data, case.model, str(device), size, 1e3 * theirs, 1e3 * mine, ratio, f"{off:.0e}"))
    print(table(HEAD, rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
