"""The app: commands from the catalog, and `--version`."""

from importlib import import_module
from typing import Annotated

import typer

from mixcli import __version__
from mixcli.catalog import COMMANDS
from mixcli.cli.misuse import Commands

__all__ = ["app"]

EPILOG = """\b
Examples:
  mixcli analyze sample_data/graph.pt
  mixcli rewire --method sdrf:iterations=20 karate.gml | mixcli analyze
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm fosr --model gin --trials 10
"""

app = typer.Typer(
    name="mixcli",
    cls=Commands,
    help="Where does information get stuck in a graph, what does rewiring change, and does a network profit from it?",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: half the start-up time, and it can be searched
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from mixcli.provenance import environment

        found = environment()
        packages = ", ".join(f"{k} {v}" for k, v in found.items() if k not in ("mixcli", "platform"))
        typer.echo(f"mixcli {__version__} ({packages})")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Versions of mixcli and what it uses.")
    ] = False,
) -> None:
    """Where does information get stuck in a graph, what does rewiring change, and does a network profit from it?"""


for _name in COMMANDS:
    _module, _, _function = COMMANDS.target(_name).partition(":")
    _command = getattr(import_module(_module), _function)
    app.command(name=_name, epilog=getattr(import_module(_module), "EPILOG", None))(_command)
