"""Prints the table of sample_data/README.md: what mixcli finds in each file."""

from __future__ import annotations

from pathlib import Path

import mixcli

HERE = Path(__file__).parent
MEASURES = ("spectral_gap", "balanced_forman", "kirchhoff")


def row(path: Path) -> str:
    """One line of the table; directions are forgotten, a stream stands for its first graph."""
    graph = next(mixcli.load_all(path))
    found = mixcli.measure(graph.undirected(), *MEASURES)
    gap, curvature, total = (found[m].data for m in MEASURES)
    kind = "directed" if graph.directed else "weighted" if graph.weight is not None else "simple"
    return f"| {path.name} | {kind} | {graph.n} | {graph.m} | {gap:.6f} | {curvature.min():.6f} | {total:.6f} |"


def table() -> str:
    """The table, files in alphabetical order."""
    files = sorted(p for p in HERE.iterdir() if p.suffix not in (".py", ".md") and not p.name.startswith("."))
    head = "| file | kind | n | m | spectral gap | least balanced Forman | Kirchhoff index |\n"
    return head + 7 * "|---" + "|\n" + "\n".join(row(p) for p in files if p.is_file()) + "\n"


if __name__ == "__main__":
    print(table(), end="")
