"""What the user says about attention: which layers and heads, which query, what to do with rows that do not sum to 1.

`--heads 0.3,5.*,*.0` lists `layer.head`, each side a number, a range `0-3` or `*`; `L0H3` is the same as `0.3`.
`--layers 0-5,7` lists layers. Both count from 0 as the file does; what is asked for must be there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from mixcli.errors import UsageError

__all__ = ["AttentionOptions", "queries", "select"]

Selection = tuple[tuple[int, tuple[int, ...]], ...]
_NUMBERS = r"(\*|\d+(?:-\d+)?)"
_HEAD = re.compile(rf"[Ll]?{_NUMBERS}(?:\.|[Hh]){_NUMBERS}")


@dataclass(frozen=True)
class AttentionOptions:
    """What the user said about attention files.

    Args:
        heads: `layer.head,…`; None takes all.
        layers: `0-5,7`; None takes all.
        query: "last", a token, or `a:b` for one result each of the tokens a … b - 1; counted as in the file.
        merge: how a layer's heads become one matrix.
        row_sum: what becomes of rows that sum to less than 1: a virtual token holds the rest, the row is scaled up, or
            the file is refused.
        sample: which one of a batch.
        tokens: JSON file that lists the tokens, as text or as ids.
        hidden: file of the hidden states, where they are not in the same file.
        text: what a model (`hf:`) reads.
        hidden_states: whether to take a model's hidden states too.
    """

    heads: str | None = None
    layers: str | None = None
    query: str | None = None
    merge: Literal["mean", "max"] = "mean"
    row_sum: Literal["sink", "renorm", "error"] = "sink"
    sample: int | None = None
    tokens: str | os.PathLike[str] | None = None
    hidden: str | os.PathLike[str] | None = None
    text: str | os.PathLike[str] | None = None
    hidden_states: bool = False

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("--merge", self.merge, ("mean", "max")),
            ("--row-sum", self.row_sum, ("sink", "renorm", "error")),
        ):
            if value not in choices:
                raise UsageError(f"one of {', '.join(choices)}", repr(value), "choose one of these", where=name)
        select(self.heads, self.layers, None)
        queries(self.query, None)

    @property
    def given(self) -> list[str]:
        """Options that mean something of attention only, as they are written on the command line."""
        changed = [f.name for f in fields(self) if f.name != "query" and getattr(self, f.name) != f.default]
        return [f"--{name.replace('_', '-')}" for name in changed]


def select(heads: str | None, layers: str | None, sizes: Sequence[int] | None) -> Selection:
    """The layers taken and the heads taken of each, in the order of the file.

    Args:
        heads: `layer.head,…`, or None or "all".
        layers: layer numbers and ranges, or None or "all".
        sizes: heads of each layer; None checks the grammar only.

    Raises:
        UsageError: text that is no selection, a layer or head that is not there, or nothing left.

    Example:
        >>> select("0.1,1.*,*.0", "0-1", [2, 2, 2])
        ((0, (0, 1)), (1, (0, 1)))
    """
    wanted_layers = None if layers in (None, "all") else [_span(p, "--layers") for p in _parts(layers, "--layers")]
    wanted_heads = None if heads in (None, "all") else [_head(p) for p in _parts(heads, "--heads")]
    if sizes is None:
        return ()
    inside = set(range(len(sizes)))
    if wanted_layers is not None:
        inside = {k for span in wanted_layers for k in _numbers(span, len(sizes), "layer", "--layers")}
    taken: dict[int, set[int]] = {k: set() for k in sorted(inside)}
    if wanted_heads is None:
        taken = {k: set(range(sizes[k])) for k in taken}
    for layer_span, head_span in wanted_heads or ():
        chosen = _numbers(layer_span, len(sizes), "layer", "--heads")
        for k in chosen:
            found = _numbers(head_span, sizes[k], f"head of layer {k}", "--heads")
            if k in taken:
                taken[k].update(found)
    out = tuple((k, tuple(sorted(found))) for k, found in taken.items() if found)
    if not out:
        raise UsageError("a layer and a head", "none", "no head of --heads lies in --layers", where="--heads")
    return out


def queries(text: str | None, tokens: int | None) -> list[int]:
    """The tokens whose output is looked at.

    Args:
        text: "last", a token (negative from the end), or a range `a:b`.
        tokens: T; None checks the grammar only.

    Raises:
        UsageError: anything else, or a token that is not there.

    Example:
        >>> queries("last", 8), queries("-2", 8), queries("2:5", 8)
        ([7], [6], [2, 3, 4])
    """
    text = "last" if text is None else text.strip()
    single = re.fullmatch(r"-?\d+", text)
    several = re.fullmatch(r"(-?\d+)?:(-?\d+)?", text)
    if text != "last" and not single and not several:
        raise UsageError("last, a token or a range a:b", repr(text), "count tokens from 0", where="--query")
    if tokens is None:
        return []
    if several:
        found = list(range(tokens)[slice(*(int(part) if part else None for part in several.groups()))])
        if not found:
            raise UsageError(f"a range of {tokens} tokens", repr(text), "choose tokens that are there", where="--query")
        return found
    place = tokens - 1 if text == "last" else int(text)
    if not -tokens <= place < tokens:
        raise UsageError(f"one of {tokens} tokens", text, f"choose 0 to {tokens - 1}", where="--query")
    return [place % tokens]


def _parts(text: str | None, option: str) -> list[str]:
    parts = [part.strip() for part in (text or "").split(",")]
    if not all(parts):
        raise UsageError("names between commas", repr(text), "for instance 0.3,5.*", where=option)
    return parts


def _span(text: str, option: str) -> str:
    if not re.fullmatch(_NUMBERS, text):
        raise UsageError("layers such as 0-5,7", repr(text), "count layers from 0", where=option)
    return text


def _head(text: str) -> tuple[str, str]:
    found = _HEAD.fullmatch(text)
    if not found:
        raise UsageError("heads such as 0.3,5.*,*.0", repr(text), "write layer.head, both from 0", where="--heads")
    return found[1], found[2]


def _numbers(span: str, size: int, what: str, option: str) -> range:
    if span == "*":
        return range(size)
    first, _, last = span.partition("-")
    lo, hi = int(first), int(last or first)
    if lo > hi or hi >= size:
        raise UsageError(f"a {what} from 0 to {size - 1}", span, "choose one that is there", where=option)
    return range(lo, hi + 1)
