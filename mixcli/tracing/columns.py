"""One number of a graph or of tokens: a measure, or a statistic or a detail of a measure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixcli.catalog import MEASURES, Catalog
from mixcli.errors import UsageError
from mixcli.report.record import summary, token_at
from mixcli.report.text import SUMMARY
from mixcli.spec import nearest, parse

if TYPE_CHECKING:
    from mixcli.measures.base import Values
    from mixcli.sequence import TokenGraph

__all__ = ["Column"]

TOKENS = ("first", "last", "read_out")
"""Parts of values per token: those of the first and the last real token, and of the read-out."""
ORDERED = ("min", "mean", "max", "q05", "q50", "q95")

_SPLIT = re.compile(r"(?P<spec>.*?)(?:\.(?P<part>[a-z_]\w*(?:\.\w+)*))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Column:
    """What to read off a measure.

    Args:
        name: the column's name: the measure and, unless it is a value of the whole graph, the part of it.
        measure: the measure, of graphs or of tokens.
        part: a statistic over edges, nodes, tokens or heads ("min", "mean" …), "first", "last" or "read_out" of tokens,
            or a detail of a value of the whole graph; "" for the value itself.
    """

    name: str
    measure: Any
    part: str = ""

    @classmethod
    def parse(cls, text: str, catalog: Catalog = MEASURES) -> Column:
        """The column that a measure spec, `.` and the part of it stand for.

        Where no part is named it is the mean over edges, nodes, tokens or heads, or that of the token by which the
        measure is told.

        Args:
            text: the spec and the part.
            catalog: of the measures: of graphs, or of tokens.

        Raises:
            UsageError: there is no such measure, or no such statistic.

        Example:
            >>> Column.parse("bfc").name, Column.parse("spectral_gap.sweep_conductance").part
            ('balanced_forman.mean', 'sweep_conductance')
        """
        match = _SPLIT.fullmatch(text.strip())
        spec, part = (match["spec"], match["part"] or "") if match else (text, "")
        measure = catalog.make(spec)
        parsed = parse(spec)
        if measure.level != "graph":
            known = (*TOKENS, *SUMMARY) if measure.level == "token" else SUMMARY
            part = part or getattr(measure, "headline", "mean")
            if part not in known:
                hint = nearest(part, known) or f"one of {', '.join(known)}"
                raise UsageError(f"a statistic of {spec}", repr(part), hint)
        name = str(parsed).replace(parsed.name, catalog.canonical(parsed.name), 1)
        return cls(f"{name}.{part}" if part else name, measure, part)

    @property
    def better(self) -> str | None:
        """Which way is better: "higher", "lower", or None where that is not known (of a detail, say)."""
        measure, better = self.measure, cast("str | None", self.measure.better)
        if not self.part:
            return better
        return better if measure.level != "graph" and self.part in (*TOKENS, *ORDERED) else None

    def read(self, values: Values, tokens: TokenGraph | None = None) -> tuple[float | None, str]:
        """The number, or None and the reason why there is none.

        A statistic of tokens is not defined while some of their values are infinite, other than which and how many.

        Args:
            values: of the measure.
            tokens: what was measured, where its values are of tokens.

        Raises:
            UsageError: the measure gives no such detail.
        """
        found: Any = values.data
        if values.level == "token" and tokens is not None and found is not None:
            found = _of_tokens(np.asarray(found), self.part, tokens)
        elif values.level != "graph" and found is not None:
            found = summary(np.asarray(found)).get(self.part, 0 if self.part == "infinite" else None)
        elif self.part and values.level == "graph":
            found = _detail(values.details, self.part, self.name)
        if found is None or not np.isfinite(found):
            return None, values.reason or ("no values" if values.level != "graph" else "not defined for this graph")
        return float(found), ""


def _of_tokens(data: np.ndarray, part: str, tokens: TokenGraph) -> float | None:
    if part in TOKENS:
        return float(data[token_at(tokens, part)])
    figures = summary(data)
    if figures.get("infinite") and part not in ("min", "count", "infinite"):
        return None
    found: float | None = figures.get(part, 0 if part == "infinite" else None)
    return found


def _detail(details: Mapping[str, Any], path: str, name: str) -> float | None:
    found: Any = details
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            known = ", ".join(k for k, v in details.items() if isinstance(v, (int, float)))
            raise UsageError(f"a detail of the measure ({known or 'it has none'})", repr(path), "name one", where=name)
        found = found[key]
    if found is not None and not isinstance(found, (int, float, np.generic)):
        raise UsageError("a detail that is a number", repr(path), "name another", where=name)
    return found
