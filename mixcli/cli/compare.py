"""`mixcli compare`: train before and after, paired, and say what can be said."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mixcli.catalog import MODELS, PROBES
from mixcli.cli.compared import emit, stored, tell
from mixcli.cli.options import Sources, shared
from mixcli.cli.shell import Shell
from mixcli.errors import InputError, NotApplicable, UsageError

TOKENS = 24
"""Tokens of a mask that does not say: few enough to train a decoder in seconds."""
LAYERS = 3
"""Layers of a mask that does not say."""

EPILOG = """\b
Examples:
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --arm fosr --model gin --trials 10 -o mutag.db
  mixcli compare pyg:Planetoid/Cora --arm none --arm fosr:iterations=50 --model gcn --trials 10
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --arm fosr --protocol fair --tune 10
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm fosr:iterations=40 --protocol fosr,epochs=500 --trials 20
  mixcli compare before.pt after.pt --trials 10
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm fosr --probe sensitivity --probe dirichlet
  mixcli compare pyg:TUDataset/MUTAG --model transformer --pe none --pe laplacian --pe random_walk
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --trials 100 --shard 3/16 -o 3.db
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --trials 100 --cluster tcp://host:8786 -o mutag.db
  mixcli compare results.db
  mixcli compare task:ring_transfer:n=10 --arm none --arm fosr --model gcn:layers=5 --trials 3
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
            "--arm", metavar="METHOD", help="Rewiring, or another mask, repeatable; `none` for the source as it is."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="MODEL", help="Network; default gin for whole graphs, decoder for masks, else gcn."
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", help="Trainings of every arm; default the protocol's, else 10.", min=1),
    ] = None,
    pe: Annotated[
        list[str] | None,
        typer.Option(
            "--pe",
            metavar="ENCODING",
            help="Positional encoding, repeatable: none, laplacian, random_walk; every arm once with each.",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            metavar="[NAME,]KEY=VALUE,…",
            help="A paper's protocol (fosr, sdrf, borf; or fair), settings such as epochs=50,lr=0.01, or both.",
        ),
    ] = "",
    controls: Annotated[
        list[str] | None,
        typer.Option(
            "--controls",
            metavar="NAMES",
            help="Controls to train too: mlp (no edges), random (as many edges), degrees (under the same degrees), "
            "empty (relation), all or none; default mlp,random,empty with fair.",
        ),
    ] = None,
    tune: Annotated[
        int,
        typer.Option(
            "--tune", metavar="K", help="Tune every arm over the same K settings, chosen by validation.", min=0
        ),
    ] = 0,
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
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Train this part of the trials only; `mixcli merge` unites them."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", metavar="ADDRESS", help="Train on a Dask cluster: tcp://host:8786, or its scheduler file."
        ),
    ] = None,
    stack: Annotated[
        int,
        typer.Option(
            "--stack", metavar="S", help="Trials in one computation; 0: one on a processor, what fits on CUDA.", min=0
        ),
    ] = 0,
    results: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="RESULTS.db", help="Keep trials here; an interrupted run resumes."),
    ] = None,
) -> None:
    """Train before and after rewiring, paired: did it help?"""
    trains: dict[str, Any] = {"--arm": arm, "--model": model, "--pe": pe, "--protocol": protocol, "--shard": shard}
    trains |= {"--trials": trials, "--controls": controls, "--tune": tune, "--probe": probe}
    trains |= {"--cluster": cluster, "--output": results, "--jobs": jobs, "--stack": stack}
    if stored(shell, sources or [], trains):
        return
    from mixcli.training.compare import compare as run
    from mixcli.training.controls.kinds import kinds_of
    from mixcli.training.presets.base import parse_protocol
    from mixcli.training.shards import WHOLE, Shard

    preset, _ = parse_protocol(protocol)
    if model is not None:
        MODELS.target(model.partition(":")[0])  # a mistyped name must not cost a reading first
    part = Shard.parse(shard) if shard else WHOLE
    if cluster and jobs:
        raise UsageError("--jobs or --cluster", "both", "the cluster has as many workers as were started")
    if part != WHOLE and not results:
        raise UsageError("-o RESULTS.db with --shard", "none", "a file of its own for each shard")
    if stack > 1 and (cluster or jobs > 1):
        raise UsageError("--stack or several processes", "both", "a stack is trained in one process")
    kinds = kinds_of(controls) if controls else None
    looked_at = [name for text in probe or () for name in _names(text)]
    form = shell.form()
    read = _by_source(shell, sources)
    arms = arm or ["none"]
    if shell.dry_run:
        from mixcli.training.planning import Wish, asked

        specs, kinds = asked(read, Wish(arms, pe or (), preset=preset, controls=kinds))
        many = len(read) * len(specs) * max(1, len(pe or ()))
        _explain(shell, read, many, trials or ("the protocol's" if preset else 10), max(1, tune), kinds)
        return
    found = run(
        read, arms, model, trials, encodings=pe or (), protocol=protocol, controls=kinds, tune=tune,
        probes=looked_at, store=results, jobs=jobs,
        shard=part, cluster=cluster or "", stack=stack, context=shell.context(),
    )  # fmt: skip
    shell.close()
    emit(shell, form, found.record())
    tell(shell, found, results)


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


def _explain(
    shell: Shell,
    read: "dict[str, list[Any]]",
    arms: int,
    trials: int | str,
    settings: int,
    controls: Sequence[str],
) -> None:
    for source, graphs in read.items():
        if not hasattr(graphs[0], "m"):
            shell.emit([f"{source}: {graphs[0]!r}\n"])
            continue
        nodes, edges = sum(g.n for g in graphs), sum(g.m for g in graphs)
        shell.emit([f"{source}: {len(graphs)} graph(s), {nodes} nodes, {edges} edges\n"])
    tuned = f" × {settings} settings" * (settings > 1)
    total = f": {arms * trials * settings} trainings" if isinstance(trials, int) else ""
    beside = f"; at most as much for each control ({', '.join(controls)})" * bool(controls)
    shell.emit([f"{arms} arm(s) × {trials} trial(s){tuned}{total}{beside}\n"])
