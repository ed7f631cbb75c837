"""`--max-degree`, `--forbid`, `--keep-connected`, `--sides`: what an edit must not do, for each graph of a stream."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.errors import InputError, NotApplicable, UsageError

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Constraints

__all__ = ["Constraining", "Forbid", "KeepConnected", "MaxDegree", "Sides"]

MaxDegree = Annotated[
    int | None,
    typer.Option("--max-degree", metavar="N", help="Add no edge at a node that has N neighbours already.", min=0),
]
Forbid = Annotated[
    Path | None,
    typer.Option("--forbid", metavar="FILE", help="Never join the pairs of nodes listed here, as in an edge list."),
]
KeepConnected = Annotated[
    bool, typer.Option("--keep-connected", help="Remove no edge whose removal would split a component.")
]
Sides = Annotated[
    str | None,
    typer.Option(
        "--sides",
        metavar="NAME",
        help="Add edges only between different values of this node payload; auto: the two sides of a bipartite graph.",
    ),
]


class Constraining:
    """The constraints that were asked for, made for one graph after the other.

    Args:
        max_degree: as in `Constraints`.
        forbid: file of pairs.
        keep_connected: as in `Constraints`.
        sides: name of a node payload, or "auto".
    """

    def __init__(self, max_degree: int | None, forbid: Path | None, keep_connected: bool, sides: str | None) -> None:
        self.max_degree, self.forbid, self.keep_connected, self.sides = max_degree, forbid, keep_connected, sides
        self.pairs: list[tuple[str, str]] = []
        if forbid is not None:
            from mixcli.io.pairs import read_pairs

            self.pairs = read_pairs(forbid)

    def __bool__(self) -> bool:
        return any(x not in (None, False) for x in (self.max_degree, self.forbid, self.keep_connected, self.sides))

    def of(self, graph: "Graph") -> "Constraints":
        """The constraints for a graph.

        Raises:
            InputError: a forbidden pair names a node that is not there.
            NotApplicable: the graph has no such payload, or is not bipartite.
        """
        from mixcli.rewiring.base import Constraints

        return Constraints(self.max_degree, self._forbidden(graph), self.keep_connected, self._sides(graph))

    def _forbidden(self, graph: "Graph") -> frozenset[tuple[int, int]]:
        from mixcli.rewiring.names import NodeNames

        if not self.pairs:
            return frozenset()
        names = NodeNames(graph)
        try:
            return frozenset((names.node(u), names.node(v)) for u, v in self.pairs)
        except InputError as error:
            raise error.at(str(self.forbid)) from None

    def _sides(self, graph: "Graph") -> tuple[int, ...] | None:
        if self.sides is None:
            return None
        if self.sides == "auto":
            from mixcli.numerics.bipartition import bipartition

            found = bipartition(graph)
            if found is None:
                fix = "name a node payload that holds the sides"
                raise NotApplicable("a bipartite graph for --sides auto", "an odd cycle", fix, where=graph.name)
            return tuple(found.tolist())
        return _numbered(graph, self.sides)


def _numbered(graph: "Graph", name: str) -> tuple[int, ...]:
    """The values of a node payload as numbers of sides."""
    import numpy as np

    if name not in graph.node:
        there = ", ".join(graph.node) or "none"
        raise UsageError(
            f"a node payload {name!r}",
            there,
            "choose one of these, or auto" if graph.node else "give auto",
            where="--sides",
        )
    values: Any = graph.node[name]
    if values.ndim != 1:
        found = "x".join(map(str, values.shape))
        raise NotApplicable(
            f"one value a node in {name!r}", f"an array of {found}", "name another payload", where="--sides"
        )
    return tuple(np.unique(values, return_inverse=True)[1].ravel().tolist())
