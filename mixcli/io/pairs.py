"""Pairs of node names from a file in the form of an edge list."""

from __future__ import annotations

import os

from mixcli.catalog import FORMATS
from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io import stream

__all__ = ["read_pairs"]

TABLES = ("edgelist", "csv", "tsv")


def read_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """The pairs of a file: two names a line, or a table with a header, as for a graph; further columns are left unread.

    Args:
        path: the file; an edge list, .csv or .tsv.

    Returns:
        Names, each pair once, without an order.

    Raises:
        InputError: it cannot be read as one.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "pairs.txt").write_text("4 7\\n5 7\\n")
        ...     read_pairs(pathlib.Path(folder, "pairs.txt"))
        [('4', '7'), ('5', '7')]
    """
    chosen = stream.format_of(os.fspath(path))
    name = chosen.name if chosen is not None and chosen.name in TABLES else "edgelist"
    FORMATS.get(name)
    graphs = list(stream.read(path, format=name, directed=False, weighted=False))
    graph = graphs[0]
    if len(graphs) != 1 or not isinstance(graph, Graph):
        raise InputError("one list of pairs", f"{len(graphs)}", where=os.fspath(path))
    names = graph.labels or tuple(map(str, range(graph.n)))
    return [(names[u], names[v]) for u, v in graph.edges.tolist()]
