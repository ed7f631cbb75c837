"""What the heads do, by name: previous token, first token, own token …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.head_sweep import HeadTable, shared_heads
from mixcli.sequence import Attention, TokenGraph
from mixcli.spec import param

__all__ = ["HeadLabels"]

SCORES = ("identity", "bos", "prev", "offset", "vertical", "block", "delimiter", "induction", "uniform")
"""What heads are scored for; where scores tie, the first one names the head."""
PLACED = {"offset": "offset_at", "vertical": "vertical_at"}
"""Scores that come with a distance, or a token."""


@dataclass(frozen=True)
class HeadLabels(SequenceMeasure):
    """Share of the heads that do one nameable thing, and the name of each.

    Scores, means over the queries but the first (which has no choice in a causal head):
    identity A[i, i];  bos A[i, 0];  prev A[i, i-1];  offset_d A[i, i-d] of the best d other than 0 and 1 (negative: a
    later key);  vertical_k the best column other than 0;  block: mass on the query's own block of 16 tokens but for
    identity, prev and bos;  uniform 1 - TV(A_i, uniform over its keys).  With names of tokens: delimiter, mass on
    punctuation and special tokens but the first;  induction, the weight on the key behind the latest earlier
    occurrence of the same token, over the queries that have one.

    A head is named after its largest score where that reaches the threshold, and "mixed" otherwise. d and, in a causal
    head, k go up to T / 2, so that at least half the queries have such a key.

    Args:
        threshold: score from which a head is named.

    Returns:
        Values: the share of heads that are named. Details: `labels` (name -> number of heads), `best` (score -> the
        head that has most of it), `table` (a row [head, name, score] for each head).

    Raises:
        NotApplicable: fewer than two tokens.

    Cost: one pass over the weights, shared with the other measures of heads.

    Example:
        >>> import numpy as np
        >>> found = HeadLabels()(Attention.of([[np.eye(4), np.eye(4)[[0, 0, 1, 2]]]]))
        >>> found.data, found.details["labels"]
        (1.0, {'identity': 1, 'prev': 1})

    Source: scores after Clark et al. 2019, section 3 (offsets, delimiters), Olsson et al. 2022 (previous token,
    induction) and Jiang et al., NeurIPS 2024, section 2 (vertical, slash = offset, block); block without what has a
    name of its own, uniform, and the rule that picks the name are ours.
    """

    threshold: float = param(0.5, "score from which a head is named", gt=0, le=1)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    cost: ClassVar[str] = "O(L H T²), one pass shared with sinks, entropy and rank"
    sources: ClassVar[tuple[str, ...]] = ("attention",)
    caveat: ClassVar[str] = "names what a head reads on this text, not what it is for"
    equation: ClassVar[str] = "share of heads with max score >= threshold"
    cites: ClassVar[str] = "Clark et al. 2019; Olsson et al. 2022; Jiang et al. 2024; rule and uniform ours"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        attention = cast("Attention", tokens)
        heads = shared_heads(attention, context, "heads")
        scores = np.array([np.nan_to_num(heads[name], nan=-1.0) for name in SCORES])
        winner, score = np.argmax(scores, axis=0), scores.max(axis=0)
        names = [
            _label(heads, SCORES[w], row) if s >= self.threshold else "mixed"
            for row, (w, s) in enumerate(zip(winner, score, strict=True))
        ]
        counts: dict[str, int] = {}
        for name in names:
            counts[name] = counts.get(name, 0) + 1
        details = {
            "labels": dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))),
            "best": self._best(heads, scores),
            "table": [[head, *row] for head, *row in zip(heads.names, names, score.tolist(), strict=True)],
        }
        return Values("graph", 1 - counts.get("mixed", 0) / len(names), details=details)

    def _best(self, heads: HeadTable, scores: np.ndarray) -> dict[str, Any]:
        """For each score the head that has most of it."""
        found: dict[str, Any] = {}
        for name, row in zip(SCORES, scores, strict=True):
            top = int(np.argmax(row))
            if row[top] < 0:
                found[name] = None
                found[f"{name}_reason"] = "tokens without names" if name == "delimiter" else "no token occurs again"
                continue
            found[name] = {"head": heads.names[top], "score": float(row[top])}
            if name in PLACED:
                found[name]["at"] = int(heads[PLACED[name]][top])
        return found


def _label(heads: HeadTable, name: str, row: int) -> str:
    return f"{name}_{heads[PLACED[name]][row]}" if name in PLACED else name
