"""How commands end: in the exit code of what went wrong, with one line on it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from mixcli.errors import InputError, Interrupted, MixcliError, PipeClosed

if TYPE_CHECKING:
    from mixcli.cli.shell import Shell

__all__ = ["guarded"]


def guarded(shell: "Shell", command: Callable[[], None]) -> None:
    """Run a command and turn whatever happens into one line and the exit code of its class."""
    try:
        command()
    except PipeClosed as closed:
        code = closed.exit_code
    except MixcliError as error:
        shell.line(f"mixcli: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        shell.line("mixcli: interrupted")
        code = Interrupted.exit_code
    except MemoryError:
        shell.line("mixcli: expected enough memory, found none left; use a smaller graph or an estimating method")
        code = 5
    except (typer.Exit, typer.BadParameter):
        raise
    except OSError as error:
        shell.line(f"mixcli: expected to read and write, found: {error.strerror or error}; check the disk and the file")
        code = InputError.exit_code
    except Exception as error:
        if shell.verbose:
            raise
        shell.line(f"mixcli: bug: {type(error).__name__}: {' '.join(str(error).split())}; -v shows where")
        code = 1
    else:
        code = shell.exit_code
    finally:
        shell.close()
    if code:
        raise typer.Exit(code)
