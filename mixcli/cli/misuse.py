"""What a mistyped command or option is answered: one line, like every other error."""

import functools
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from mixcli.errors import UsageError
from mixcli.spec import nearest

__all__ = ["Commands", "answer"]

_ERRORS: Any = typer.BadParameter.__mro__
_MISUSE, _SHOWN = _ERRORS[1:3]
"""The errors of a wrong command line, and all that typer shows, wherever this version of it keeps them."""

TYPES = {"int_parsing": "a whole number", "int_from_float": "a whole number", "float_parsing": "a number"}
BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Commands(TyperGroup):
    """The commands, whose misuse ends in one line on standard error and exit code 2."""

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
        standalone_mode: bool = True, windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        """Run one; see typer."""
        run = functools.partial(super().main, args, prog_name or "mixcli", complete_var, False, windows_expand_args)
        if not standalone_mode:
            return run(**extra)
        try:
            code = run(**extra)
        except typer.Abort:
            sys.exit(1)
        except _SHOWN as error:
            if type(error).__name__ == "NoArgsIsHelpError" or not isinstance(error, _MISUSE):
                error.show()
            elif sys.stderr is not None:  # closed with 2>&-
                sys.stderr.write(f"mixcli: {answer(error)}\n")
            sys.exit(error.exit_code)
        sys.exit(code or 0)


def answer(error: Any) -> str:
    """Expected, found and what to do, of an error of typer.

    Args:
        error: of a wrong command line.
    """
    command = error.ctx.command_path if error.ctx is not None else "mixcli"
    told = _of_option(error, command) or _of_value(error, command) or _of_arguments(error, command)
    return " ".join((str(told) if told is not None else error.format_message()).split())


def _of_option(error: Any, command: str) -> UsageError | None:
    """An option that there is not, or without what it needs."""
    name = getattr(error, "option_name", None)
    if name is None:
        return None
    if hasattr(error, "possibilities"):
        known = [o for p in error.ctx.command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("--")]
        return UsageError(f"an option of {command}", name, nearest(name, known) or f"`{command} -h` lists them")
    if "does not take" in error.message:
        return UsageError(f"{name} alone", "a value for it", "leave the value out")
    return UsageError(f"a value after {name}", "none", "-h shows which")


def _of_value(error: Any, command: str) -> UsageError | None:
    """A value that an option does not take, or one that is missing."""
    if not hasattr(error, "param"):
        return None
    param = error.param
    where = str(error.param_hint or (param.opts[0] if param is not None else ""))
    if hasattr(error, "param_type"):
        metavar = str(param.metavar or param.name).strip("{}")
        wanted = f"{where} {metavar}" if where.startswith("-") else metavar
        return UsageError(wanted, "none", f"`{command} -h` shows examples")
    reasons = error.__cause__.errors() if hasattr(error.__cause__, "errors") else []
    if not reasons:
        return UsageError(error.message, where=where)
    reason = reasons[0]
    bounds = " and ".join(f"{BOUNDS[k]} {v}" for k, v in reason.get("ctx", {}).items() if k in BOUNDS)
    expected = TYPES.get(reason["type"]) or (f"a number {bounds}" if bounds else reason["msg"])
    return UsageError(expected, repr(reason["input"]), where=where)


def _of_arguments(error: Any, command: str) -> UsageError | None:
    """A command that there is not, or more arguments than it takes."""
    if found := re.match(r"No such command '(.*?)'", error.message):
        known = error.ctx.command.list_commands(error.ctx)
        return UsageError("a command", repr(found[1]), nearest(found[1], known) or f"one of: {', '.join(known)}")
    if found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return UsageError(f"no more arguments for {command}", found[1], f"`{command} -h` shows examples")
    return None
