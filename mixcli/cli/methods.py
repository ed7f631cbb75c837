"""`mixcli methods`: what there is, and a card for each."""

import dataclasses
import json
import re
from typing import Annotated, Any

import typer

from mixcli.catalog import (
    FIGURES,
    FORMATS,
    GRAPHS,
    MASKS,
    MEASURES,
    MODELS,
    PROBES,
    PROTOCOLS,
    REWIRINGS,
    SEQUENCE_MEASURES,
    SEQUENCE_REWIRINGS,
    TASKS,
    Catalog,
)
from mixcli.cli.options import shared
from mixcli.cli.shell import Shell, table_csv
from mixcli.errors import UsageError

EPILOG = """\b
Examples:
  mixcli methods
  mixcli methods sdrf
"""

CATALOGS = {
    "measures": MEASURES,
    "sequence measures": SEQUENCE_MEASURES,
    "rewirings": REWIRINGS,
    "sequence rewirings": SEQUENCE_REWIRINGS,
    "models": MODELS,
    "tasks": TASKS,
    "protocols": PROTOCOLS,
    "probes": PROBES,
    "graphs": GRAPHS,
    "masks": MASKS,
    "figures": FIGURES,
    "formats": FORMATS,
}

FACTS = (
    "equation",
    "level",
    "unit",
    "range",
    "better",
    "score",
    "cost",
    "weighted",
    "reweighs",
    "directed",
    "disconnected",
    "sources",
    "axes",
    "caveat",
    "figures",
    "curves",
    "cites",
    "published",
    "published_in",
    "deviations",
)


@shared("format")
def methods(
    shell: Shell,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A method, for its card.", show_default=False)
    ] = None,
) -> None:
    """List what there is; NAME shows one method in full."""
    form = shell.form(default="table")
    if name is None:
        from mixcli.io import pyg_catalog

        listing = {kind: {n: c.summary(n) or _title(c, n) for n in c} for kind, c in CATALOGS.items()}
        listing["groups of measures"] = {
            name: ", ".join(specs) for c in (MEASURES, SEQUENCE_MEASURES) for name, specs in c.groups.items()
        }
        listing["datasets"] = {n: pyg_catalog.describe(n.removeprefix("pyg:"))["kind"] for n in pyg_catalog.names()}
        shell.emit(_listing(listing, form))
        return
    group = {**SEQUENCE_MEASURES.groups, **MEASURES.groups}.get(name)
    if group is not None:
        shell.emit(f"{spec}\n" for spec in group)
        return
    found = [(kind, c) for kind, c in CATALOGS.items() if name in c]
    if not found:
        known = [n for c in CATALOGS.values() for n in [*c, *c.groups]]
        from mixcli.spec import nearest

        raise UsageError("the name of a method", repr(name), nearest(name, known) or "`mixcli methods` lists them")
    for place, (kind, catalog) in enumerate(found):
        facts = card(kind, catalog, catalog.canonical(name))
        if place and form == "table":
            shell.emit(["\n"])
        shell.emit(_page(facts) if form == "table" else [json.dumps(facts, indent=2, default=str) + "\n"])


def _listing(listing: dict[str, dict[str, str]], form: str) -> list[str]:
    if form == "table":
        return _lines(listing)
    if form == "json":
        return [json.dumps(listing, indent=2) + "\n"]
    rows = [{"kind": kind, "name": n, "about": text} for kind, names in listing.items() for n, text in names.items()]
    if form == "jsonl":
        return [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    return table_csv(rows)


def _title(catalog: Catalog, name: str) -> str:
    return str(getattr(catalog.get(name), "title", ""))


def _lines(listing: dict[str, dict[str, str]]) -> list[str]:
    width = max(len(n) for names in listing.values() for n in names)
    out = []
    for kind, names in listing.items():
        out.append(f"{kind}\n")
        out += [f"  {n:<{width}}  {summary}\n" for n, summary in names.items()]
    return out


def card(kind: str, catalog: Catalog, name: str) -> dict[str, Any]:
    """Everything that is known about a method, for `mixcli methods NAME` and the documentation."""
    import inspect

    thing = catalog.get(name)
    facts: dict[str, Any] = {"name": name, "kind": kind.rstrip("s")}
    if isinstance(thing, type) or inspect.isfunction(thing):
        facts["about"] = inspect.getdoc(thing) or ""
        facts.update({f: getattr(thing, f) for f in FACTS if getattr(thing, f, None) not in (None, "", {}, ())})
        facts["parameters"] = _parameters(getattr(thing, "takes", thing))
    else:
        facts.update({"about": thing.title, "suffixes": list(thing.suffixes), "holds": sorted(thing.holds)})
        if thing.masks is not None:
            facts["of masks"] = ["what may be read", *sorted(thing.masks)]
    return facts


def _parameters(thing: Any) -> dict[str, str]:
    import inspect

    if dataclasses.is_dataclass(thing):
        return {
            f.name: f"{_default(f)}  {f.metadata.get('help', '')}".rstrip() for f in dataclasses.fields(thing) if f.init
        }
    named = list(inspect.signature(thing).parameters.values())
    given = {p.name: p for p in named if p.name != "tokens"}  # T belongs to the sequence, not to one mask of it
    return {name: "" if p.default is p.empty else str(p.default) for name, p in given.items()}


def _default(f: dataclasses.Field[Any]) -> str:
    kind = f.type if isinstance(f.type, str) else getattr(f.type, "__name__", str(f.type))
    return f"= {f.default}  ({kind})"


def _several(values: list[str] | tuple[str, ...]) -> str:
    """Words in a row, sentences each on a line of its own."""
    if any(" " in v for v in values):
        return "".join(f"\n  {v}" for v in values)
    return ", ".join(values)


def _page(card: dict[str, Any]) -> list[str]:
    about = re.split(r"^(?:Args|Returns|Yields|Raises|Example)\b.*:", card["about"], maxsplit=1, flags=re.M)[0].strip()
    out = [f"{card['name']}  ({card['kind']})\n\n", f"{about}\n\n"]
    for key, value in card.items():
        if key in ("name", "kind", "about"):
            continue
        if isinstance(value, dict):
            out += [f"{key}\n", *(f"  {k} {v}\n" for k, v in value.items())]
        else:
            out.append(f"{key}: {_several(value) if isinstance(value, (list, tuple)) else value}\n")
    return out
