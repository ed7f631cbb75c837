"""How comparisons are told: one just made, one put together, one found in a results database."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixcli.cli.shell import Shell, plural
from mixcli.errors import Interrupted, LimitExceeded, UsageError

if TYPE_CHECKING:
    from mixcli.training.comparison import Comparison

__all__ = ["emit", "stored", "tell"]


def emit(shell: Shell, form: str, *records: Mapping[str, Any]) -> None:
    """Write comparison records as one document of the form asked for, and their notes to the user."""
    from mixcli.report.table import comparison_table
    from mixcli.report.text import arms_csv, json_stream, to_jsonl

    told = [without_seconds(r) if shell.no_timing else dict(r) for r in records]
    if form == "json":
        shell.emit(json_stream(told))
    elif form == "csv":
        shell.emit(arms_csv(told))
    for record in told:
        if form == "table":
            shell.emit([comparison_table(record, color=shell.color)])
        elif form == "jsonl":
            shell.emit([to_jsonl(record)])
        if "note" in record:
            shell.note(record["note"])


def tell(shell: Shell, found: "Comparison", kept: str | None) -> None:
    """Say what is missing from a comparison, and set the exit code by it.

    Args:
        shell: whom to tell.
        found: the comparison.
        kept: the file that holds the trials, if any.
    """
    if found.failed:
        first = found.failed[0]
        what = f"{first['arm']}, trial {first['trial']}: {first['reason']}"
        fix = "the same command tries again" if kept else "give -o to keep the others"
        shell.fail(LimitExceeded("every trial to finish", f"{plural(len(found.failed), 'failed trial')}: {what}", fix))
    if found.interrupted:
        where = f"kept in {kept}; the same command goes on from there" if kept else "lost (no -o)"
        shell.note(f"interrupted: {found.finished} of {found.planned} trials are done and {where}")
        shell.exit_code = Interrupted.exit_code


def stored(shell: Shell, sources: list[str], changed: Mapping[str, Any]) -> bool:
    """Tell the comparisons of results databases, and whether that is what the sources are.

    Args:
        shell: whom to tell.
        sources: as on the command line.
        changed: options of a training, which are refused if set: nothing is trained.
    """
    given = [s for s in sources if s.lower().endswith(".db") and Path(s).is_file()]
    if not given:
        return False
    if others := [s for s in sources if s not in given]:
        both = f"{given[0]} beside {others[0]}"
        raise UsageError("stored results, or sources to train on", both, "name one kind, and keep trials with -o")
    from mixcli.training.merging import records

    asked = [name for name, value in changed.items() if value]
    if asked:
        fix = "name the graphs to train on; leave it out to see what is stored"
        raise UsageError("no options of training for stored results", asked[0], fix)
    form = shell.form()
    found: list[dict[str, Any]] = []
    for source in sources:
        with shell.surviving():
            own = records(source)
            found += own
            if not own:
                shell.note(f"{source}: no comparison in it; mixcli export shows its trials")
    emit(shell, form, *found)
    return True


def without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_seconds(v) for k, v in value.items() if k != "seconds"}
    return [without_seconds(v) for v in value] if isinstance(value, list) else value
