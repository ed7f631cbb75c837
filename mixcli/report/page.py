"""The report: one HTML file with figures in it, without scripts and without anything to fetch.

Names in records and graphs are hostile input. Every text is cleaned and cut by `fields.label` and escaped by the
template engine; the only markup that is not ours are figures, whose text matplotlib escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixcli.report.fields import label
from mixcli.report.subject import Shown

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.report.section import Picture, Section

__all__ = ["page", "sections"]

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 4000
"""Characters of any one text on the page."""
TOGETHER = 12
"""Analysis records from which on they share a section."""

_TAG = re.compile(r"<[^<>]*>")
_ID = re.compile(r'(\bid="|url\(#|href="#)')


def sections(things: Iterable[Shown], context: Context, methods: Any = None) -> list[Section]:
    """A section for each source or record; many records of one kind, and the curves of one source, share theirs.

    Args:
        things: what to report on.
        context: seed, threads, limits, progress, of what is measured.
        methods: called with the kind of a source; gives the measures by key. None: what `analyze` takes by default.

    Raises:
        MixcliError: something cannot be reported on.
    """
    from mixcli.report.analysed import add_changes, measured_record, of_many, of_record, of_source
    from mixcli.report.compared import of_comparison, of_traces
    from mixcli.report.values_section import of_values

    out: list[Section] = []
    for group in _groups(list(things)):
        first = group[0]
        if first.kind in ("graph", "mask", "attention"):
            chosen = (methods or _default)(first.kind)
            told = [measured_record(t.data, k, chosen, context) for k, t in enumerate(group)]
            old = [None if t.before is None else measured_record(t.before, 0, chosen, context) for t in group]
            if len(group) == 1:
                out.append(of_source(first, told[0], old[0], context))
                continue
            section = of_many([Shown("analysis", t.name, r) for t, r in zip(group, told, strict=True)], context)
            if all(old):
                add_changes(section, group, old, told, context)
            out.append(section)
        elif first.kind == "analysis":
            out.append(of_many(group, context) if len(group) > 1 else of_record(first, context))
        elif first.kind == "trace":
            out.append(of_traces(group, context))
        else:
            out.append(of_comparison(first, context) if first.kind == "comparison" else of_values(first, context))
        context.forget()
    return out


def _default(kind: str) -> dict[str, Any]:
    from mixcli.catalog import MEASURES, SEQUENCE_MEASURES

    catalog = MEASURES if kind == "graph" else SEQUENCE_MEASURES
    return {spec: catalog.make(spec) for spec in catalog.groups["default" if kind == "graph" else kind]}


def _groups(things: Sequence[Shown]) -> list[list[Shown]]:
    """What shares a section: many sources or analysis records of one kind, and neighbouring traces of one source."""
    out: list[list[Shown]] = []
    for kind in ("graph", "mask", "attention", "analysis", "trace"):
        for rewired in (False, True):
            own = [t for t in things if t.kind == kind and (t.before is not None) is rewired]
            if len(own) > TOGETHER:
                out.append(own)
    together = {id(t) for group in out for t in group}
    for thing in things:
        if id(thing) in together:
            continue
        last = out[-1][-1] if out else None
        if thing.kind == "trace" and last is not None and (last.kind, last.name) == ("trace", thing.name):
            out[-1].append(thing)
        else:
            out.append([thing])
    return out


def page(found: Sequence[Section], title: str = "") -> str:
    """The page of some sections.

    Args:
        found: the sections.
        title: of the page; default what it is about.

    Returns:
        HTML, complete in itself; the same sections give the same text.

    Example:
        >>> from mixcli.report.section import Section
        >>> text = page([Section("<b>", "graph")])
        >>> "<h2>&lt;b&gt;</h2>" in text, "<script" in text
        (True, False)
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from mixcli import __version__

    environment = Environment(
        autoescape=True, loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, finalize=_clean,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    places = {id(section): place for place, section in enumerate(found, 1)}

    def inline(picture: Picture, section: Section, number: int) -> Any:
        return embedded(picture, f"s{places[id(section)]}f{number}-")

    named = title or (
        f"Report on {found[0].title}" if len(found) == 1 else f"Report on {len(found)} sources and records"
    )
    made: str = environment.get_template("page.html").render(
        title=named, sections=found, version=__version__, inline=inline
    )
    return made


def _clean(value: Any) -> Any:
    """Text without control characters, cut; markup of ours as it is."""
    return label(value, LONGEST) if type(value) is str else value


def embedded(picture: Picture, prefix: str) -> Any:
    """A figure as markup: without the head of its file, its ids set apart from those of other figures.

    Args:
        picture: the figure, as our own encoder wrote it.
        prefix: what its ids begin with.
    """
    from markupsafe import Markup, escape

    text = picture.svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    text = _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{prefix}", tag[0]), text)
    title = f'role="img" aria-label="{escape(label(picture.name, 80))}"'
    return Markup(text.replace("<svg", f"<svg {title}", 1))
