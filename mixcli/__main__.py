"""Entry point of the console script and of `python -m mixcli`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the app; what happens outside a command (help into a closed pipe, an early Ctrl-C) ends quietly too."""
    try:
        from mixcli.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _leave_stdout()
        sys.exit(141)
    except SystemExit as stop:
        # typer turns a closed pipe into exit code 1 and a wrapped standard output.
        if stop.code == 1 and type(sys.stdout).__name__ == "PacifyFlushWrapper":
            _leave_stdout()
            sys.exit(141)
        raise
    except OSError as error:
        sys.stderr.write(f"mixcli: expected to write, found: {error.strerror or error}; check standard output\n")
        _leave_stdout()
        sys.exit(3)


def _leave_stdout() -> None:
    """Let Python's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
