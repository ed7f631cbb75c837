"""The grammar of mask specs such as `window:16,tokens=256,layers=6`.

    SPEC    a list of layers apart by `;`, with `tokens=T`, `layers=L`, `read_out=R` anywhere
    layer   masks, edges, repeats:  `window:4 | chunk:8 +14>0 x5`
    mask    FAMILY[:args], or file:PATH, or MODULE:FUNCTION; `&` both, `|` either, & binds tighter
    edge    `+i>j` query i reads key j, `-i>j` it does not; they follow the masks and hold for the whole layer
    xN      that layer N times; layers=L repeats the whole list until there are L

A `;` before a number belongs to `vslash:v1,v2;d1,d2`. `mixcli.generators.mask_spec` makes the masks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mixcli.errors import LimitExceeded, UsageError
from mixcli.spec import Spec, build, param, parse

__all__ = ["Edge", "Layer", "MaskSpec", "Sizes", "family_of", "parse_mask"]

MAX_LAYERS = 10_000
MAX_TEXT = 100_000
"""Characters of a spec: a longer one is a mask file that took the wrong turn."""

Edge = tuple[bool, int, int]
"""Whether query i reads key j from now on, i, j."""

_SIZE = re.compile(r"(?<![\w.\-/])(tokens|layers|read[_-]out)\s*=\s*([^\s,;|&]*)")
_REPEAT = re.compile(r"(?:^|\s)\s*x\s*(\d+)\s*$")
_EDGES = re.compile(r"((?:\s*[+-]\s*\d+\s*>\s*\d+)+)\s*$")
_EDGE = re.compile(r"([+-])\s*(\d+)\s*>\s*(\d+)")


@dataclass(frozen=True)
class Sizes:
    """What a spec says beside its masks; None where it does not."""

    tokens: int | None = param(None, "tokens", ge=1)
    layers: int | None = param(None, "layers", ge=1)
    read_out: int | None = param(None, "token that is looked at; from the end where negative")


@dataclass(frozen=True)
class Layer:
    """One layer of a spec, or several alike.

    Args:
        terms: masks; the outer ones are joined by `|`, the inner ones by `&`.
        edges: single edges, applied in order.
        repeat: how many layers it stands for.
    """

    terms: tuple[tuple[str, ...], ...]
    edges: tuple[Edge, ...] = ()
    repeat: int = 1

    @property
    def mask(self) -> str:
        """The layer without its repeats."""
        text = " | ".join(" & ".join(inner) for inner in self.terms)
        return text + "".join(f" {'+' if on else '-'}{i}>{j}" for on, i, j in self.edges)

    def __str__(self) -> str:
        return f"{self.mask} x{self.repeat}" if self.repeat > 1 else self.mask


@dataclass(frozen=True)
class MaskSpec:
    """A parsed spec; `str` gives it back in one spelling."""

    layers: tuple[Layer, ...]
    sizes: Sizes = Sizes()

    @property
    def depth(self) -> int:
        """Layers that the list names."""
        return sum(layer.repeat for layer in self.layers)

    def __str__(self) -> str:
        named = ((key, getattr(self.sizes, key)) for key in ("tokens", "layers", "read_out"))
        sizes = [f"{key}={value}" for key, value in named if value is not None]
        return ",".join(["; ".join(map(str, self.layers)), *sizes])


def parse_mask(text: str) -> MaskSpec:
    """What a mask spec says; names and arguments of families are checked when the masks are made.

    Raises:
        UsageError: it is not in the grammar.

    Example:
        >>> parse_mask("window:4 x5; causal|chunk:8+14>0,tokens=24")
        MaskSpec(layers=(Layer(terms=(('window:4',),), edges=(), repeat=5),
            Layer(terms=(('causal',), ('chunk:8',)), edges=((True, 14, 0),), repeat=1)),
            sizes=Sizes(tokens=24, layers=None, read_out=None))
    """
    if len(text) > MAX_TEXT:
        raise UsageError(f"a mask spec of at most {MAX_TEXT} characters", f"{len(text)}", "use mask:file:PATH")
    sizes: list[tuple[str, str]] = []
    layers = []
    for part in re.split(r";(?!\s*-?\d)", text):
        found = [(key.replace("-", "_"), value) for key, value in _SIZE.findall(part)]
        rest = _bare(_SIZE.sub("", part))
        sizes += found
        if rest or not found:
            layers.append(_layer(rest, text))
    for key in {key for key, _ in sizes}:
        if sum(key == other for other, _ in sizes) > 1:
            raise UsageError(f"{key} once", "it is given twice", "keep one of them", where=text)
    if not layers:
        raise UsageError("a mask", "none", "write one, such as mask:causal,tokens=8", where=text)
    made = MaskSpec(tuple(layers), build(Sizes, Spec("mask", (), tuple(sizes))))
    if (depth := max(made.depth, made.sizes.layers or 0)) > MAX_LAYERS:
        raise LimitExceeded(f"at most {MAX_LAYERS} layers", f"{depth:.6g}", "use fewer layers", where=f"mask:{text}")
    return made


def _layer(text: str, whole: str) -> Layer:
    repeat = _REPEAT.search(text)
    body = _bare(text[: repeat.start()] if repeat else text)
    edges = _EDGES.search(body)
    masks = _bare(body[: edges.start()] if edges else body)
    terms = tuple(tuple(_bare(term) for term in inner.split("&")) for inner in masks.split("|"))
    if any(not term for inner in terms for term in inner):
        raise UsageError("a mask on each side of ; | and &", "none", "write one, such as causal", where=f"mask:{whole}")
    if ">" in masks:
        fix = "edges follow the masks: window:4+14>0 lets query 14 read key 0"
        raise UsageError("edges like +14>0 at the end of a layer", repr(masks), fix, where=f"mask:{whole}")
    if any(c in masks for c in "()") and not re.search("file:|docs:", masks):
        fix = "write the layer without; & binds tighter than |"
        raise UsageError("masks without parentheses", repr(masks), fix, where=f"mask:{whole}")
    count = _number(repeat[1], whole) if repeat else 1
    if count < 1:
        raise UsageError("at least one layer", f"x{count}", "drop it, or write x1", where=f"mask:{whole}")
    found = _EDGE.findall(edges[1]) if edges else ()
    return Layer(terms, tuple((sign == "+", _number(i, whole), _number(j, whole)) for sign, i, j in found), count)


def _number(digits: str, whole: str) -> int:
    if len(digits) > 15:
        raise UsageError("a number of at most 15 digits", f"{len(digits)} digits", where=f"mask:{whole:.80}")
    return int(digits)


def _bare(text: str) -> str:
    return text.strip().strip(",:").strip()


def family_of(term: str) -> tuple[Spec, tuple[tuple[str, ...], ...]]:
    """Name and arguments of one mask, and its positional arguments in the groups that `;` makes."""
    name, _, rest = term.partition(":")
    if name.strip().lower() in ("file", "docs"):  # a path may hold = and ;
        path, _, options = rest.partition(",")
        named = parse(f"{name}:{options}")
        return Spec(named.name, tuple(filter(None, (path.strip(), *named.values))), named.options), ()
    spec = parse(term.replace(";", ","))
    groups = tuple(tuple(filter(None, (w.strip() for w in g.split(",")))) for g in term.partition(":")[2].split(";"))
    return spec, groups
