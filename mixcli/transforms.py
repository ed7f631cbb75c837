"""Every graph rewiring as a PyG transform, by the name of its class: `SDRF`, `FoSR`, `Cayley`, … and `Rewire` for all.

    >>> import torch
    >>> from torch_geometric.data import Data
    >>> from mixcli.transforms import Cayley, FoSR
    >>> path = Data(x=torch.ones(4, 1), edge_index=torch.tensor([[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]]))
    >>> FoSR(iterations=1, converged=True)(path)
    Data(x=[4, 1], edge_index=[2, 8], num_nodes=4, edge_type=[8])
    >>> Cayley()(path)
    Data(x=[6, 1], edge_index=[2, 6], num_nodes=6, edge_type=[6], cayley_edge_index=[2, 12], virtual_node_mask=[6])

What comes out. `edge_index` has the edges after rewiring, both arcs of each, sorted, without loops and repeats; edge
attributes follow their edges, added edges have zeros and weight 1. `edge_type` is 0 for the edges that were there and 1
for added ones. An overlay of the layer plan becomes `NAME_edge_index`, over all nodes, virtual ones included; that name
is what PyG's batching needs. Where there are overlays, `virtual_node_mask` is True for virtual nodes: they come after
the nodes of the graph, with zero features, False in every other mask, and labels that mean "none" (-1, NaN, False).
The method's card says which layers use an overlay; readouts and losses are to leave virtual nodes out:
`global_mean_pool(h[~batch.virtual_node_mask], batch.batch[~batch.virtual_node_mask])`. A fully adjacent last layer is
the text `last_layer`.

The result depends on the seed and the graph alone, not on the worker or the order, and the input is left as it is.
"""

from __future__ import annotations

import copy
import inspect
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.transforms import BaseTransform

from mixcli import provenance
from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable
from mixcli.io.adapters import from_pyg
from mixcli.io.arrays import both_arcs
from mixcli.rewiring.base import EDGE_TYPE, Rewiring, apply
from mixcli.spec import Spec, build, parameters

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan

__all__ = ["Rewire"]

MASK = "virtual_node_mask"
WEIGHT = "\0weight"
LISTS = ("adj", "adj_t", "edge_weight_exact", "mixcli_plan")
"""What would contradict `edge_index` and the overlays if it stayed."""


class Rewire(BaseTransform):
    """Rewire a `Data` by any method; see the module for what comes out.

    Args:
        method: a spec such as "sdrf:iterations=50", or an instance of a method.
        seed: of everything random; the choices for a graph depend on the seed and the graph.
        budget: make this many edits, whatever the method's own number of iterations.

    Raises:
        UsageError: no such method or parameter.
        NotApplicable: when called with a `HeteroData`, or a directed graph that the method is not defined for.
        InputError: when called with something that is no single graph.

    Example:
        >>> Rewire("fosr:iterations=50", seed=1)
        Rewire('fosr:iterations=50', seed=1)
    """

    def __init__(self, method: str | Rewiring, *, seed: int = 0, budget: int | None = None) -> None:
        self.method: Rewiring = REWIRINGS.make(method) if isinstance(method, str) else method
        self.seed, self.budget = seed, budget

    def forward(self, data: Data) -> Data:
        """The rewired copy of a `Data`."""
        name = type(self).__name__
        if isinstance(data, HeteroData):
            raise NotApplicable(f"a homogeneous Data for {name}", "a HeteroData", "call to_homogeneous() on it first")
        graph, before = _read(data)
        if graph.directed and not self.method.directed:
            raise NotApplicable(f"an undirected graph for {name}", "a directed one", "put ToUndirected() before it")
        context = Context(seed=self.seed, threads=1)
        done = apply(self.method, graph, context=context, budget=self.budget)
        if done.interrupted:
            raise KeyboardInterrupt  # half a rewiring must not be trained on
        return _written(data, graph, done.graph, before)

    def __repr__(self) -> str:
        from mixcli.spec import spec_of

        spec = repr(spec_of(REWIRINGS.name_of(type(self.method)), self.method))
        return f"{type(self).__name__}({', '.join([spec, *self._settings()])})"

    def _settings(self) -> list[str]:
        return [f"seed={self.seed}"] + [f"budget={self.budget}"] * (self.budget is not None)


def __getattr__(name: str) -> Any:
    if name not in _classes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _transform(name)


def __dir__() -> list[str]:
    return [*__all__, *_classes()]


@cache
def _classes() -> dict[str, str]:
    """Class of each method -> its name in the catalog."""
    return {REWIRINGS.target(name).partition(":")[2]: name for name in REWIRINGS}


@cache
def _transform(name: str) -> type[Rewire]:
    """The transform of one method: a `Rewire` that takes the method's parameters."""
    method, entry = REWIRINGS.get(_classes()[name]), _classes()[name]

    def init(self: Rewire, *values: Any, seed: int = 0, budget: int | None = None, **options: Any) -> None:
        said = Spec(entry, tuple(map(str, values)), tuple((k, str(v)) for k, v in options.items()))
        Rewire.__init__(self, build(method, said), seed=seed, budget=budget)

    def shown(self: Rewire) -> str:
        given = [f"{f.name}={getattr(self.method, f.name)!r}" for f in parameters(method)
                 if getattr(self.method, f.name) != f.default]  # fmt: skip
        return f"{name}({', '.join([*given, *self._settings()])})"

    kind = inspect.Parameter
    signature = [kind(f.name, kind.POSITIONAL_OR_KEYWORD, default=f.default) for f in parameters(method)]
    signature += [kind("seed", kind.KEYWORD_ONLY, default=0), kind("budget", kind.KEYWORD_ONLY, default=None)]
    facts = {
        "__init__": init, "__repr__": shown, "__doc__": method.__doc__, "__module__": __name__, "__qualname__": name,
        "__signature__": inspect.Signature(signature),
    }  # fmt: skip
    return type(name, (Rewire,), facts)


def _read(data: Data) -> tuple[Graph, int]:
    """The graph without virtual nodes, and how many there were."""
    if data.edge_index is not None and data.edge_index.device.type != "cpu":
        data = copy.copy(data).cpu()
    directed = None
    if isinstance(layout := data.get("mixcli_layout"), str):  # names of payload, where here only those of Data count
        directed = json.loads(layout).get("directed") or None
        data = copy.copy(data)
        del data.mixcli_layout
    graph = from_pyg(data, directed=directed)
    lost = [key for key in graph.notes.get("left_out", ()) if data.is_edge_attr(key)]
    if lost:
        raise InputError("edge attributes that are dense arrays", ", ".join(lost), "remove or convert them")
    mask = graph.node.get(MASK)
    if mask is None or not mask.any():
        return graph, 0
    n = int((~mask).sum())
    if mask[:n].any() or (graph.edges >= n).any():
        fix = "remove the mask, or leave these nodes as mixcli adds them"
        raise InputError(f"virtual nodes after the others and outside of edge_index in {MASK}", "others", fix)
    node = {key: values[:n] for key, values in graph.node.items()}
    labels = None if graph.labels is None else graph.labels[:n]
    return graph.replace(n=n, node=node, labels=labels), graph.n - n


def _written(data: Data, graph: Graph, after: Graph, before: int) -> Data:
    """A copy of `data` with the topology of `after`; `before` is the number of virtual nodes it came with."""
    out, plan = copy.copy(data), after.plan
    device = torch.device("cpu") if data.edge_index is None else data.edge_index.device
    total = graph.n + max(before, plan.virtual)
    for key in LISTS:
        if key in out:
            del out[key]
    arcs, columns = after.edges, {**after.edge, **({} if after.weight is None else {WEIGHT: after.weight})}
    if not after.directed:
        arcs, columns = both_arcs(arcs, columns)
    weight = columns.pop(WEIGHT, np.ones(len(arcs)))
    out.edge_index = torch.from_numpy(np.ascontiguousarray(arcs.T)).to(device)
    out.num_nodes = total
    if "edge_weight" in data or after.weight is not None:  # weights out of a sparse matrix are float32 from here on
        out.edge_weight = _like(data.get("edge_weight", torch.zeros(0)), weight, device)
    for key, values in columns.items():
        out[key] = _like(data.get(key) if key != EDGE_TYPE else None, values, device)
    if total > graph.n:
        for key in (*graph.node, *(["node_labels"] if graph.labels is not None else [])):
            out[key] = _padded(key, data[key], graph.n, total)
    if "mixcli_provenance" in data:
        out.mixcli_provenance = provenance.dumps(after.provenance)
    _lay(out, plan, total, graph.n, MASK in graph.node, device)
    return out


def _lay(out: Data, plan: LayerPlan, total: int, n: int, masked: bool, device: torch.device) -> None:
    """The layer plan as attributes."""
    for overlay in plan.overlays:
        arcs, _ = both_arcs(overlay.edges, {})
        out[f"{overlay.name}_edge_index"] = torch.from_numpy(np.ascontiguousarray(arcs.T)).to(device)
    if plan.overlays or masked:
        out[MASK] = torch.arange(total, device=device) >= n
    if plan.last is not None:
        out.last_layer = plan.last


def _like(old: Any, values: Any, device: torch.device) -> Any:
    """An edge attribute in the form that it had before."""
    if values.dtype.kind == "U":
        return values.tolist()
    if isinstance(old, np.ndarray):
        return values.astype(old.dtype)
    new = torch.from_numpy(np.ascontiguousarray(values)).to(device)
    return new.to(old.dtype) if isinstance(old, Tensor) else new


def _padded(key: str, values: Any, n: int, total: int) -> Any:
    """A node attribute with rows for virtual nodes."""
    if isinstance(values, (list, tuple)):
        return [*values[:n], *[""] * (total - n)]
    rows = torch.as_tensor(values)[:n]
    none: float = 0
    if key == "y" and rows.dtype != torch.bool:
        none = float("nan") if rows.is_floating_point() else -1
    return torch.cat([rows, rows.new_full((total - n, *rows.shape[1:]), none)])
