"""The parts of a report page, plain data for the template."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mixcli.errors import MixcliError
from mixcli.report.fields import label, listed, mapping, mappings, text

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.report.subject import Shown

__all__ = ["Picture", "Section", "Table", "drawn", "environment_line", "steps_of"]


class Table(NamedTuple):
    """A table: the first column is text, `numeric` says which others are numbers."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    numeric: frozenset[int] = frozenset()


class Picture(NamedTuple):
    """A figure as SVG, and what stands below it."""

    svg: bytes
    caption: str
    name: str


@dataclass
class Section:
    """What is told of one source or record.

    Args:
        title: its name.
        kind: what it is, in a word or two.
        facts: counts, in a line.
        statements: sentences.
        changes: sentences and tables on what a rewiring did.
        tables: of measures, arms, curves.
        pictures: figures.
        notes: what was left out, and why.
        steps: provenance.
        environment: versions, in a line.
        command: how to make it again.
    """

    title: str
    kind: str
    facts: str = ""
    statements: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    environment: str = ""
    command: str = ""


def drawn(section: Section, spec: str, things: Sequence[Shown], context: Context, **changes: Any) -> None:
    """Add a figure to a section; one that cannot be drawn is a note.

    Args:
        section: to add to.
        spec: of the figure.
        things: to be shown.
        context: seed, threads, limits.
        changes: parameters of the figure beside its spec.
    """
    from mixcli.catalog import FIGURES
    from mixcli.report.figures.base import encoded

    plot = FIGURES.make(spec)
    try:
        made = dataclasses.replace(plot, **changes)(things, context)
    except MixcliError as error:
        section.notes.append(f"No {spec.partition(':')[0].replace('_', ' ')}: {error}.")
        return
    section.pictures.append(Picture(encoded(made.figure), made.caption, spec))


def steps_of(record: Any) -> list[str]:
    """Provenance, a line a step: what was done, by what, from which bytes, with which seed."""
    out = []
    for step in mappings(record, "provenance"):
        said = [text(step, "op"), label(text(step, "spec"), 200)]
        if step.get("seed") is not None:
            said.append(f"seed {label(step['seed'])}")
        if text(step, "sha256"):
            said.append(f"sha256 {label(text(step, 'sha256'), 64)}")
        said += [
            f"{label(k)} {label(v, 80)}" for k, v in mapping(step, "notes").items() if isinstance(v, (int, float, str))
        ]
        out.append(", ".join(filter(None, said)))
    return out


def environment_line(record: Any) -> str:
    """Versions that the numbers may depend on."""
    return ", ".join(f"{label(k, 30)} {label(v, 40)}" for k, v in mapping(record, "environment").items())


def counted(record: Any, words: Sequence[tuple[str, ...]]) -> str:
    """Counts at the head of a record in words; `words` are paths to them and what they are called."""
    from mixcli.report.fields import number
    from mixcli.report.findings import amount

    out = []
    for *path, singular in words:
        value = number(record, *path)
        if value is not None:
            out.append(f"{amount(value)} {singular}{'' if value == 1 else 's'}")
    flags = listed(record, "flags")
    return ", ".join([*out, *map(label, flags)])
