"""Masks and mask sequences from their specs."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import re
from typing import Any

from mixcli.catalog import MASKS
from mixcli.errors import MixcliError, UsageError
from mixcli.generators.mask_algebra import both, either, with_edges
from mixcli.generators.mask_grammar import Layer, MaskSpec, Sizes, family_of, parse_mask
from mixcli.generators.masks_grouped import documents
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.provenance import Step
from mixcli.sequence import MaskSequence
from mixcli.spec import Spec, build, nearest, param

__all__ = ["LAYERS", "TOKENS", "mask_of", "mask_of_layer", "sequence_of"]

TOKENS = 256
"""Tokens of a spec that does not say."""
LAYERS = 6
"""Layers of a spec that names one mask and does not say."""
LARGEST = 2**53
"""Largest number that an argument may be."""

OUTSIDE = ("docs", "file")
"""Families that read a file."""

_TYPES = {"int": int, "float": float, "bool": bool, "str": str}
_TUPLE = "tuple[int, ...]"


def sequence_of(text: str, tokens: int | None = None, layers: int | None = None) -> MaskSequence:
    """The mask sequence of a spec.

    Args:
        text: see `mixcli.generators.mask_grammar`.
        tokens: T where neither the text nor its masks (`packed`, `tree`, `docs`) say; None for `TOKENS`.
        layers: L where the text lists a single mask and no number; None for `LAYERS`.

    Raises:
        UsageError: it is not in the grammar, no such family, or an argument that is not right.
        LimitExceeded: too many tokens or layers.

    Example:
        >>> sequence_of("window:4,tokens=24,layers=3")
        MaskSequence('window:4,tokens=24,layers=3', tokens=24, layers=3)
        >>> sequence_of("window:4 x5; causal,tokens=24,layers=12").like(11)
        5
    """
    spec = parse_mask(text)
    size = _tokens(spec, tokens or TOKENS)
    distinct = {layer.mask: layer for layer in spec.layers}
    _check_size(size, len(distinct))
    try:
        made = {name: _mask(layer, size) for name, layer in distinct.items()}
    except MixcliError as error:
        raise error if error.where.startswith("mask:") else error.at(f"mask:{text}") from None
    listed = [made[layer.mask] for layer in spec.layers for _ in range(layer.repeat)]
    return MaskSequence(
        _repeated(listed, spec, text, layers or LAYERS),
        read_out=-1 if spec.sizes.read_out is None else spec.sizes.read_out,
        name=text.strip(),
        provenance=(Step("generate", f"mask:{text.strip()}"),),
    )


def mask_of(term: str | Spec, tokens: int) -> Mask:
    """The mask of one family over so many tokens.

    Args:
        term: `FAMILY[:args]`.
        tokens: T.

    Raises:
        UsageError: no such family, or an argument that is not right.

    Example:
        >>> mask_of("packed:2,1", 3).array.astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    term = str(term)
    spec, groups = family_of(term)
    family = MASKS.get(spec.name)
    arguments = list(inspect.signature(family).parameters.values())[1:]
    if any(p.annotation == _TUPLE for p in arguments):
        values = _grouped(spec, groups, arguments)
    else:
        if ";" in term:
            raise UsageError(f"no ; among the arguments of {spec.name}", repr(term), "put a comma")
        values = _named(spec, arguments)
    for key, value in values.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(type(n) is int and abs(n) > LARGEST for n in numbers):
            raise UsageError(f"{key} of at most {LARGEST}", "more", "correct the mask", where=term)
    return dataclasses.replace(family(tokens, **values), name=term)


def mask_of_layer(text: str, tokens: int) -> Mask:
    """The mask of one layer, `window:4 | chunk:8 +14>0`, made of families that neither read a file nor run code.

    Raises:
        UsageError: it is not such a layer.
        LimitExceeded: too many tokens.

    Example:
        >>> mask_of_layer("window:2 +3>0", 4).edges
        8
    """
    spec = parse_mask(text)
    if len(spec.layers) > 1 or spec.layers[0].repeat > 1 or spec.sizes != Sizes():
        raise UsageError("one layer, without tokens= or layers=", repr(text), "write one mask")
    for term in itertools.chain.from_iterable(spec.layers[0].terms):
        name = MASKS.canonical(term.partition(":")[0])
        if name not in MASKS.table or name in OUTSIDE:
            raise UsageError("a mask of families that need no file", repr(term), "write its rows instead")
    _check_size(tokens, 1)
    return _mask(spec.layers[0], tokens)


def _check_size(tokens: int, count: int) -> None:
    cost = float(tokens) * tokens * count
    Limits().check(f"masks of {tokens} tokens", memory=16.0 * tokens, operations=cost, instead="use fewer tokens")


def _named(spec: Spec, arguments: list[inspect.Parameter]) -> dict[str, Any]:
    """Arguments of a family of plain parameters."""
    known = [p.name for p in arguments]
    for key, _ in spec.options:
        if key not in known:
            hint = nearest(key, [*known, *(f.name for f in dataclasses.fields(Sizes))])
            names = ", ".join(known) or "none"
            raise UsageError(f"a parameter of {spec.name} ({names})", key, hint or "use one of those", where=str(spec))
    required = [p.name for p in arguments if p.default is p.empty]
    given = {*known[: len(spec.values)], *(key for key, _ in spec.options)}
    for name in required:
        if name not in given:
            raise UsageError(f"{spec.name}:{name.upper()}", "none", f"name the {name}", where=str(spec))
    fields = [(p.name, _TYPES[p.annotation], param("" if p.default is p.empty else p.default, "")) for p in arguments]
    return {f: getattr(build(dataclasses.make_dataclass(spec.name, fields), spec), f) for f in known}


def _grouped(spec: Spec, groups: tuple[tuple[str, ...], ...], arguments: list[inspect.Parameter]) -> dict[str, Any]:
    """Arguments of a family that takes lists of numbers, apart by `;`."""
    if spec.options:
        key = spec.options[0][0]
        hint = nearest(key, [f.name for f in dataclasses.fields(Sizes)]) or "give the numbers alone"
        raise UsageError(f"a list of whole numbers for {spec.name}", f"{key}=", hint, where=str(spec))
    if len(groups) > len(arguments):
        names = "; ".join(p.name for p in arguments)
        raise UsageError(f"{spec.name}:{names}", f"{len(groups)} lists", "drop the rest", where=spec.name)
    values = {}
    for parameter, group in zip(arguments, groups, strict=False):
        wrong = next((word for word in group if not re.fullmatch(r"-?\d{1,18}", word)), None)
        if wrong is not None:
            raise UsageError(f"{parameter.name} to be whole numbers", repr(wrong), "correct the list", where=spec.name)
        if group or len(groups) > 1:
            values[parameter.name] = tuple(int(word) for word in group)
    return values


def _tokens(spec: MaskSpec, default: int) -> int:
    """T as the spec says, or as its masks know."""
    if spec.sizes.tokens is not None:
        return spec.sizes.tokens
    known = (_own_tokens(term) for layer in spec.layers for inner in layer.terms for term in inner)
    return next((tokens for tokens in known if tokens), default)


def _own_tokens(term: str) -> int | None:
    """T of a mask that knows it."""
    name = MASKS.canonical(term.partition(":")[0])
    if name not in ("packed", "tree", "docs"):
        return None
    spec, _ = family_of(term)
    if name == "docs":
        path = spec.values[0] if spec.values else dict(spec.options).get("path", "")
        return len(documents(path)) if path else None
    family = MASKS.get(name)
    arguments = list(inspect.signature(family).parameters.values())[1:]
    numbers = next(iter(_grouped(*family_of(term), arguments).values()), arguments[0].default)
    return sum(numbers) if name == "packed" else len(numbers)


def _mask(layer: Layer, tokens: int) -> Mask:
    """The mask of one layer."""
    terms = [[mask_of(term, tokens) for term in inner] for inner in layer.terms]
    mask = either([both(inner) for inner in terms])
    return dataclasses.replace(with_edges(mask, layer.edges), name=layer.mask)


def _repeated(listed: list[Mask], spec: MaskSpec, text: str, default: int) -> tuple[Mask, ...]:
    single = len(spec.layers) == 1 and spec.layers[0].repeat == 1
    wanted = spec.sizes.layers or (default if single else len(listed))
    if wanted < len(listed):
        fix = "drop layers=, or shorten the list"
        raise UsageError(f"layers >= {len(listed)}, as listed", str(wanted), fix, where=f"mask:{text}")
    return tuple(listed[k % len(listed)] for k in range(wanted))
