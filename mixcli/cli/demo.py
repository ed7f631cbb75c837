"""`mixcli demo`: the whole story on sample data, as the commands a user would type."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import mixcli
from mixcli.cli.options import shared
from mixcli.cli.shell import Shell
from mixcli.errors import InputError, MixcliError

EPILOG = """\b
Examples:
  mixcli demo
"""

STORY = (
    (
        "Two cliques that talk through one edge. The bridge has the lowest curvature and the largest resistance.",
        "mixcli analyze barbell.edgelist --format table",
    ),
    (
        "SDRF adds edges around that bridge; the result flows on as a graph, with the log of every edit beside it.",
        "mixcli rewire --method sdrf:iterations=6 barbell.edgelist --log edits.jsonl"
        " | mixcli analyze -m spectral_gap -m balanced_forman -m kirchhoff --format table",
    ),
    (
        "A graph with features, labels and masks, straight from a PyG file.",
        "mixcli analyze graph.pt -m size -m distance -m spectral_gap -m effective_resistance --format table",
    ),
    (
        "Does a network profit? Same splits, same initialisation, same dropout for every arm.",
        "mixcli compare barbell.edgelist --arm none --arm sdrf --arm random --model gcn --trials 6"
        " --protocol epochs=80 --format table",
    ),
    (
        "Tokens are nodes too. Under a window of four, three layers never bring the first token to the last.",
        "mixcli analyze mask:window:4,tokens=24,layers=3 -m reach -m resistance_layered -m influence --format table",
    ),
    (
        "Let every token read the first one as well, and the last can know it.",
        "mixcli rewire mask:window:4,tokens=24,layers=3 --method sink:1,4"
        " | mixcli analyze -m reach -m resistance_layered -m influence --format table",
    ),
    (
        "What a small decoder attends to, once it has learned to output the first token at the last.",
        "mixcli analyze attention.safetensors -m conformance -m sinks -m entropy --format table",
    ),
)


@shared()
def demo(shell: Shell) -> None:
    """Tell the whole story on sample data."""
    samples = _samples()
    with tempfile.TemporaryDirectory(prefix="mixcli-demo-") as folder:
        for path in samples.iterdir():
            if path.is_file():
                (Path(folder) / path.name).write_bytes(path.read_bytes())
        for number, (text, command) in enumerate(STORY, 1):
            shell.emit([f"\n{number}. {text}\n$ {command}\n"])
            _run(command, folder)
    shell.emit(["\nNow try it on a graph of your own: mixcli analyze FILE\n"])


def _samples() -> Path:
    """The sample folder: inside the installed package, or beside it in a checkout."""
    package = Path(mixcli.__file__).parent
    for folder in (package / "sample_data", package.parent / "sample_data"):
        if (folder / "graph.pt").is_file():
            return folder
    raise InputError("the sample data that is installed with mixcli", "none", "install mixcli again")


def _run(command: str, folder: str) -> None:
    """Run a pipeline of mixcli commands with this very interpreter; its output goes where ours goes."""
    stages = [shlex.split(stage) for stage in command.split("|")]
    environment = {**os.environ, "COLUMNS": os.environ.get("COLUMNS", "110")}
    upstream: int | None = subprocess.DEVNULL
    running: list[subprocess.Popen[bytes]] = []
    for place, stage in enumerate(stages):
        last = place == len(stages) - 1
        arguments = [sys.executable, "-m", "mixcli", *stage[1:]]
        process = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdin=upstream, stdout=None if last else subprocess.PIPE
        )
        if running and running[-1].stdout is not None:
            running[-1].stdout.close()  # the next stage holds it now
        running.append(process)
        upstream = process.stdout.fileno() if process.stdout is not None else None
    codes = [process.wait() for process in running]
    if any(codes):
        raise MixcliError("every step of the demo to succeed", f"exit codes {codes} from: {command}")
