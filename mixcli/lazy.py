"""A table of objects by name, imported only when a name is used."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mixcli.errors import UsageError
from mixcli.spec import Spec, build, nearest, parse

__all__ = ["Catalog"]


class Catalog:
    """A table of lazily imported objects of one kind.

    Args:
        kind: what the entries are, for messages ("measure").
        table: name -> "module:object", in the order of listing.
        aliases: other spellings -> name.
        groups: name -> spec strings that it stands for, wherever several entries can be asked for.
    """

    def __init__(
        self,
        kind: str,
        table: dict[str, str],
        aliases: dict[str, str] | None = None,
        groups: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.kind, self.table, self.aliases, self.groups = kind, table, aliases or {}, groups or {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __contains__(self, name: str) -> bool:
        return self.canonical(name) in self.table or self.canonical(name) in self._plugins

    def canonical(self, name: str) -> str:
        """The catalog's own spelling of a name: case and the kind of dash do not matter, aliases are resolved."""
        name = name.strip().lower().replace("-", "_")
        name = self.aliases.get(name, name)
        return next((own for own in self.table if own.replace("-", "_") == name), name)

    def target(self, name: str) -> str:
        """`"module:object"` of a name.

        Raises:
            UsageError: no such name; the nearest one is suggested.
        """
        key = self.canonical(name)
        found = self.table.get(key) or self._plugins.get(key)
        if found is None:
            hint = nearest(key, [*self.table, *self.aliases, *self.groups, *self._plugins])
            raise UsageError(f"a {self.kind}", repr(name), hint or f"one of: {', '.join(self.table)}")
        return found

    def expand(self, specs: Iterable[str]) -> list[str]:
        """The specs, each group replaced by what it stands for and nothing listed twice.

        Example:
            >>> from mixcli.catalog import MEASURES
            >>> MEASURES.expand(["degree", "default"])[:3]
            ['degree', 'size', 'distance']
        """
        flat = (one for spec in specs for one in self.groups.get(spec.strip().lower().replace("_", "-"), (spec,)))
        return list(dict.fromkeys(flat))

    def name_of(self, cls: type) -> str:
        """Catalog name of a class; its own, in lower case, where it is not in the table."""
        target = f"{cls.__module__}:{cls.__qualname__}"
        return next((n for n, t in {**self._plugins, **self.table}.items() if t == target), cls.__name__.lower())

    def get(self, name: str) -> Any:
        """Import and return the object behind a name."""
        module, _, attribute = self.target(name).partition(":")
        return getattr(importlib.import_module(module), attribute)

    def make(self, spec: str | Spec) -> Any:
        """The instance that a spec string describes.

        Example:
            >>> from mixcli.catalog import MEASURES
            >>> MEASURES.make("reach:layers=2")
            Reach(layers=2)
        """
        parsed = parse(spec) if isinstance(spec, str) else spec
        return build(self.get(parsed.name), Spec(self.canonical(parsed.name), parsed.values, parsed.options))

    def summary(self, name: str) -> str:
        """First line of the object's docstring, read from the source without importing it."""
        module, _, attribute = self.target(name).partition(":")
        spec = importlib.util.find_spec(module)
        if spec is None or not spec.origin:
            return ""
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == attribute:
                return (ast.get_docstring(node) or "").partition("\n")[0]
        return ""

    @cached_property
    def _plugins(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {e.name: e.value for e in entry_points(group=f"mixcli.{self.kind.replace(' ', '_')}s")}
