"""Families of masks by name: their arguments checked, their masks made."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from mixcli.catalog import MASKS
from mixcli.errors import UsageError
from mixcli.generators.mask_grammar import Sizes, family_of
from mixcli.generators.masks_grouped import documents
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.spec import Spec, build, nearest, param

__all__ = ["mask_of", "named", "own_tokens"]

LARGEST = 2**53
"""Largest number that an argument may be."""

_TYPES = {"int": int, "float": float, "bool": bool, "str": str}
_TUPLE = "tuple[int, ...]"


def mask_of(term: str | Spec, tokens: int, limits: Limits | None = None) -> Mask:
    """The mask of one family over so many tokens.

    Args:
        term: `FAMILY[:args]`.
        tokens: T.
        limits: what making it may use; None for what holds where nobody says.

    Raises:
        UsageError: no such family, or an argument that is not right.
        LimitExceeded: the mask would not fit.

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
        values = named(spec, arguments)
    for key, value in values.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(type(n) is int and abs(n) > LARGEST for n in numbers):
            raise UsageError(f"{key} of at most {LARGEST}", "more", "correct the mask", where=term)
    within = getattr(family, "within", None)  # a rule takes no room
    made = family(tokens, **values) if within is None else within(limits, tokens, **values)
    return dataclasses.replace(made, name=term)


def named(spec: Spec, arguments: list[inspect.Parameter]) -> dict[str, Any]:
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


def own_tokens(term: str) -> int | None:
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
