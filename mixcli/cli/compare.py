"""`mixcli compare`: train before and after, paired, and say what can be said."""

from typing import Annotated, Any

import typer

from mixcli.catalog import MODELS, PROBES
from mixcli.cli.options import Sources, shared
from mixcli.cli.shell import Shell
from mixcli.errors import InputError, Interrupted, NotApplicable

TOKENS = 24
"""Tokens of a mask that does not say: few enough to train a decoder in seconds."""
LAYERS = 3
"""Layers of a mask that does not say."""

EPILOG = """\b
Examples:
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --arm fosr --model gin --trials 10 -o mutag.db
  mixcli compare pyg:Planetoid/Cora --arm none --arm fosr:iterations=50 --model gcn --trials 10
  mixcli compare before.pt after.pt --trials 10
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm fosr --probe sensitivity --probe dirichlet
  mixcli compare pyg:TUDataset/MUTAG --model transformer --pe none --pe laplacian --pe random_walk
  mixcli compare mask:window:4,tokens=24,layers=3 --arm none --arm sink:1,4 --model decoder
"""


@shared(
    "format", "seed", "threads", "device", "from_", "directed", "unweighted", "data_root", "mask_convention",
    "max_memory", "dry_run", "no_timing",
)  # fmt: skip
def compare(
    shell: Shell,
    sources: Sources = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm", metavar="METHOD", help="Rewiring, or other mask, to compare, repeatable; `none` for it as it is."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="MODEL", help="Network; default gin for whole graphs, decoder for masks, else gcn."
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", metavar="N", help="Trainings of every arm.", min=1)] = 10,
    pe: Annotated[
        list[str] | None,
        typer.Option(
            "--pe", metavar="ENCODING", help="Positional encoding, repeatable: none, laplacian, random_walk; arms each."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="KEY=VALUE,…", help="Training settings, such as epochs=50,lr=0.01.")
    ] = "",
    probe: Annotated[
        list[str] | None,
        typer.Option(
            "--probe",
            "--probes",
            metavar="PROBE",
            help="What to look at in the trained networks, repeatable: "
            "sensitivity, obstruction, dirichlet, mad, rank, collapse, gradients, spectrum, relation_share or all.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", help="Processes to train in; 0 decides by the first trial.", min=0)
    ] = 0,
    results: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="RESULTS.db", help="Keep trials here; an interrupted run resumes."),
    ] = None,
) -> None:
    """Train before and after rewiring, paired: did it help?"""
    from mixcli.report.table import comparison_table
    from mixcli.report.text import arms_csv, to_json, to_jsonl
    from mixcli.training.compare import compare as run
    from mixcli.training.protocol import Protocol

    changes = Protocol.parse(protocol) if protocol else {}
    if model is not None:
        MODELS.target(model.partition(":")[0])  # a mistyped name must not cost a reading first
    looked_at = [name for text in probe or () for name in _names(text)]
    form = shell.form()
    read = _by_source(shell, sources)
    arms = arm or ["none"]
    if shell.dry_run:
        _explain(shell, read, arms, trials)
        return
    found = run(
        read, arms, model, trials, encodings=pe or (), protocol=changes, probes=looked_at, store=results, jobs=jobs,
        context=shell.context(),
    )  # fmt: skip
    shell.close()
    record = found.record()
    if shell.no_timing:
        record = _without_seconds(record)
    if form == "table":
        shell.emit([comparison_table(record, color=shell.color)])
    elif form == "csv":
        shell.emit(arms_csv(record))
    else:
        shell.emit([(to_json if form == "json" else to_jsonl)(record)])
    if "note" in record:
        shell.note(record["note"])
    if found.interrupted:
        kept = f"kept in {results}; the same command goes on from there" if results else "lost (no -o)"
        shell.note(f"interrupted: {found.finished} of {found.planned} trials are done and {kept}")
        shell.exit_code = Interrupted.exit_code


def _names(text: str) -> list[str]:
    """The probes of one option, separated by commas where they have no parameters; all of them for `all`.

    A mistyped name must not cost a reading first.
    """
    names = [text] if ":" in text else [name for name in text.split(",") if name]
    for name in names:
        if name not in PROBES.groups:
            PROBES.target(name.partition(":")[0])
    return names


def _by_source(shell: Shell, sources: list[str] | None) -> "dict[str, list[Any]]":
    """The graphs of each source; a source that cannot be read ends the comparison, since an arm would be missing."""
    shell.fail_fast = True
    read: dict[str, list[Any]] = {}
    name, seen = "", dict.fromkeys(sources or [], 0)
    for source, index, graph in shell.things(sources, mask_tokens=TOKENS, mask_layers=LAYERS):
        if getattr(graph, "kind", "") == "attention":
            raise NotApplicable("a graph or a mask sequence", repr(graph), "attention is measured, not trained on")
        if index == 0:
            seen[source] = seen.get(source, 0) + 1
            name = source if seen[source] == 1 else f"{source} ({seen[source]})"
        read.setdefault(name, []).append(graph)
    if not read:
        raise InputError("at least one graph", "none")
    return read


def _explain(shell: Shell, read: "dict[str, list[Any]]", arms: list[str], trials: int) -> None:
    for source, graphs in read.items():
        if not hasattr(graphs[0], "m"):
            shell.emit([f"{source}: {graphs[0]!r}\n"])
            continue
        nodes, edges = sum(g.n for g in graphs), sum(g.m for g in graphs)
        shell.emit([f"{source}: {len(graphs)} graph(s), {nodes} nodes, {edges} edges\n"])
    shell.emit([f"{len(arms)} arm(s) × {trials} trial(s): {len(arms) * trials} trainings\n"])


def _without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_seconds(v) for k, v in value.items() if k != "seconds"}
    return [_without_seconds(v) for v in value] if isinstance(value, list) else value
