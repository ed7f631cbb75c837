"""`mixcli rewire`: change a graph or masks, say what was changed, and write it in the form it came in."""

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from mixcli.catalog import FORMATS
from mixcli.cli.budget import Budget, BudgetOption, EveryOption, UntilOption
from mixcli.cli.constraints import Constraining, Forbid, KeepConnected, MaxDegree, Sides
from mixcli.cli.edit_log import LogOption, opened
from mixcli.cli.interrupts import Interrupts
from mixcli.cli.options import ATTENTION, shared
from mixcli.cli.options import Sources as SourcesArgument
from mixcli.cli.resume import ResumeOption, keeping
from mixcli.cli.rewire_job import Job
from mixcli.cli.rewire_tokens import TokensJob
from mixcli.cli.rewirings import AskedRewiring, MethodOption
from mixcli.cli.shell import Shell, different
from mixcli.cli.told import would
from mixcli.cli.writing import no_terminal, write

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewired

EPILOG = """\b
Examples:
  mixcli rewire --method sdrf:iterations=20 karate.gml -o rewired.gml
  cat graph.pt | mixcli rewire --method fosr --budget 5% --to jsonl | mixcli analyze
  mixcli rewire zoo:lollipop:5,3 --method fosr:iterations=3,converged=true --log edits.jsonl --to edgelist
  mixcli rewire mask:window:4,tokens=24,layers=3 --method sink:1,4 -o rewired.jsonl
  mixcli rewire mask:window:4,tokens=64 --method greedy_resistance --until "resistance_layered<=2" | mixcli analyze
"""


@shared(
    "output", "force", "seed", "threads", "device", "from_", "directed", "unweighted", "data_root",
    "mask_convention", "max_memory", "fail_fast", "dry_run", *ATTENTION,
)  # fmt: skip
def rewire(
    shell: Shell,
    sources: SourcesArgument = None,
    method: MethodOption = "",
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="Format of the result; default: suffix of -o, else as it came."),
    ] = None,
    budget: BudgetOption = None,
    until: UntilOption = None,
    every: EveryOption = 1,
    max_degree: MaxDegree = None,
    forbid: Forbid = None,
    keep_connected: KeepConnected = False,
    sides: Sides = None,
    log: LogOption = None,
    resume: ResumeOption = False,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", help="Processes to spread the graphs of a stream over.", min=1)
    ] = 1,
) -> None:
    """Add and remove edges, pairs or tokens, and write graphs, masks and attention as they came."""
    asked_rewiring = AskedRewiring(method)
    spent, limits = Budget(budget), Constraining(max_degree, forbid, keep_connected, sides)
    different("--log", log, "--output", shell.output)
    shell.processor_only("rewirings")
    kind, things = asked_rewiring.kind(shell, sources)
    if kind == "tokens":
        given = {
            "--max-degree": max_degree is not None, "--forbid": forbid is not None, "--keep-connected": keep_connected,
            "--sides": sides is not None, "--resume": resume, "--jobs": jobs > 1,
        }  # fmt: skip
        only_graphs = [name for name, there in given.items() if there]
        TokensJob(shell, asked_rewiring, spent, until, every, only_graphs).run(things, to, log)
        return
    if to is not None:
        FORMATS.target(to)  # a mistyped name must not cost the work first
    job = Job(shell, asked_rewiring, spent, limits, until, every, jobs)
    asked = {
        "--method": job.spec, "--seed": shell.seed, "--budget": budget, "--until": until, "--every": every,
        "--max-degree": max_degree, "--keep-connected": keep_connected, "--sides": sides, "--log": log and str(log),
    }  # fmt: skip
    with keeping(shell, job.rewiring, asked, resume) as journal, ExitStack() as stack, Interrupts() as interrupts:
        force = shell.force or (journal is not None and journal.resumed)
        edits = None if shell.dry_run else opened(stack, log, force)
        results = job.results(things, edits, journal, interrupts)
        first = next(results, None)
        if first is None:
            return
        if shell.dry_run:
            for result in itertools.chain([first], results):
                shell.note(f"{result.base.name}: {would(result)}")
            return
        chosen = _format(shell, first, to)
        graphs = (r.graph for r in itertools.chain([first], results))
        left_out = write(shell, graphs, chosen, force)
    left_out = [part for part in left_out if part != "edge payload (edge_type)"]  # ours, and of use to networks only
    if left_out:
        shell.note(f"left out: {'; '.join(left_out)} (pt and jsonl keep everything)")


def _format(shell: Shell, first: "Rewired", to: str | None) -> str:
    from mixcli.io import stream
    from mixcli.sources import format_of_source

    if to is not None:
        name = FORMATS.get(to).name
    elif shell.output is not None and (known := stream.format_of(shell.output)):
        name = known.name
    else:
        name = format_of_source(first.base) or "jsonl"
    if shell.output is None:
        no_terminal(name)
    return str(name)
