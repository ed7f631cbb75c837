"""Prints the table of sample_data/README.md: what mixcli finds in each file."""

from __future__ import annotations

from pathlib import Path

import mixcli
from mixcli.sources import load_any

HERE = Path(__file__).parent
SEQUENCES = ("masks.jsonl", "mask.npz", "attention.safetensors")
SEQUENCE_MEASURES = ("structure", "reach", "resistance_layered", "resistance_restart", "influence")
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
    files = sorted(
        p for p in HERE.iterdir()
        if p.suffix not in (".py", ".md") and not p.name.startswith(".") and p.name not in SEQUENCES
    )  # fmt: skip
    head = "| file | kind | n | m | spectral gap | least balanced Forman | Kirchhoff index |\n"
    return head + 7 * "|---" + "|\n" + "\n".join(row(p) for p in files if p.is_file()) + "\n"


def sequence_row(name: str, tokens: mixcli.MaskSequence | mixcli.Attention) -> str:
    """One line about tokens: what the read-out can know of token 0."""
    given = (
        SEQUENCE_MEASURES if isinstance(tokens, mixcli.MaskSequence) else SEQUENCE_MEASURES[:2] + SEQUENCE_MEASURES[3:]
    )
    found = {key: values.data for key, values in mixcli.measure_sequence(tokens, *given).items()}
    cells = [f"{found['structure']:.6f}", "never" if found["reach"] is None else f"{found['reach']:.0f}"]
    cells += [
        f"{found[key][0]:.6f}" if key in found else ""
        for key in ("resistance_layered", "resistance_restart", "influence")
    ]
    return f"| {name} | {tokens.tokens} | {tokens.depth} | " + " | ".join(cells) + " |"


def sequence_table() -> str:
    """The table of masks and attention."""
    head = (
        "| source | T | L | density | layers to reach all | layered R of token 0 | restart R of token 1 | influence |\n"
    )
    rows = [
        sequence_row(f"{name}: {thing.name}" if name == "masks.jsonl" else name, thing)
        for name in sorted(SEQUENCES)
        for thing in load_any(HERE / name)
    ]
    return head + 8 * "|---" + "|\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table() + "\n" + sequence_table(), end="")
