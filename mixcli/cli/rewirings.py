"""The rewiring that was asked for, for each kind of source: `expander` means one thing of graphs, another of masks."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mixcli.catalog import REWIRINGS, SEQUENCE_REWIRINGS
from mixcli.cli.shell import Shell
from mixcli.errors import NotApplicable, UsageError
from mixcli.spec import nearest, parse

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewiring
    from mixcli.rewiring.sequence_base import SequenceRewiring

__all__ = ["AskedRewiring", "MethodOption", "Things"]

MethodOption = Annotated[str, typer.Option("--method", metavar="METHOD", help="Rewiring; `mixcli methods` lists them.")]

Things = Iterator[tuple[str, int, Any]]
"""(source, index in it, what it is) as `Shell.things` gives it."""

CATALOGS = {"graph": REWIRINGS, "tokens": SEQUENCE_REWIRINGS}


class AskedRewiring:
    """What `--method` said, checked before anything is read.

    Args:
        spec: a rewiring of graphs, of masks, or of attention.

    Raises:
        UsageError: none is given, there is none of that name, or its parameters are not right.
    """

    def __init__(self, spec: str) -> None:
        if not spec:
            fix = f"for graphs: {', '.join(REWIRINGS)}; for masks and attention: {', '.join(SEQUENCE_REWIRINGS)}"
            raise UsageError("--method METHOD", "none", fix)
        self.spec = spec
        self._made: dict[str, Any] = {}
        self._errors: dict[str, UsageError] = {}
        name = parse(spec).name
        for kind, catalog in CATALOGS.items():
            if name in catalog:
                try:
                    self._made[kind] = catalog.make(spec)
                except UsageError as error:
                    self._errors[kind] = error
        if not self._made and not self._errors:
            known = list(dict.fromkeys([*REWIRINGS, *REWIRINGS.aliases, *SEQUENCE_REWIRINGS]))
            raise UsageError("a rewiring", repr(name), nearest(name, known) or f"one of: {', '.join(known)}")
        if not self._made:
            raise next(iter(self._errors.values()))

    def kind(self, shell: Shell, sources: list[str] | None) -> tuple[Literal["graph", "tokens"], Things]:
        """Whether it goes to graphs or to tokens, and the sources; looks at the first one only where both can be."""
        things = shell.things(sources)
        if len(self._made) == 1:
            return "graph" if "graph" in self._made else "tokens", things
        first = next(things, None)
        found: Literal["graph", "tokens"] = "tokens" if first is not None and hasattr(first[2], "kind") else "graph"
        return found, things if first is None else itertools.chain([first], things)

    @property
    def graph(self) -> "Rewiring":
        """The rewiring of graphs.

        Raises:
            UsageError: its parameters are of the other kind.
        """
        return self._of("graph")

    @property
    def tokens(self) -> "SequenceRewiring":
        """The rewiring of masks or attention."""
        return self._of("tokens")

    def not_for(self, source: str, thing: Any) -> NotApplicable:
        """What is said of a source of the other kind."""
        name = parse(self.spec).name
        graph = not hasattr(thing, "kind")
        meant = "a mask sequence or attention" if graph else "a graph"
        others = REWIRINGS if graph else SEQUENCE_REWIRINGS
        found = "a graph" if graph else "a mask sequence" if thing.kind == "mask" else "attention"
        return NotApplicable(f"{meant} for {name}", found, f"for {found}: {', '.join(others)}", where=source)

    def _of(self, kind: str) -> Any:
        if kind in self._made:
            return self._made[kind]
        raise self._errors[kind]
