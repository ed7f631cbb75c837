"""Spec strings, `name:value,…,key=value,…`, and the dataclasses they stand for.

One grammar for measures, rewirings, models, mask families and graph families. Positional values follow the order of
the dataclass fields. `build` checks keys, types and bounds and says what would have been right; `spec_of` undoes it.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import operator
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union

from mixcli.errors import UsageError

__all__ = ["Spec", "build", "nearest", "param", "parameters", "parse", "spec_of"]

T = TypeVar("T")


@dataclass(frozen=True)
class Spec:
    """A parsed spec: a name, positional values and named values, all still text."""

    name: str
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [*self.values, *(f"{k}={v}" for k, v in self.options)]
        return f"{self.name}:{','.join(parts)}" if parts else self.name


def param(default: Any, help: str, *, ge: float | None = None, gt: float | None = None, le: float | None = None) -> Any:
    """A dataclass field that carries its help text and its bounds.

    Args:
        default: value when the spec does not name it.
        help: one line for `mixcli methods NAME`.
        ge: smallest value allowed.
        gt: largest value not allowed.
        le: largest value allowed.
    """
    return field(default=default, metadata={"help": help, "ge": ge, "gt": gt, "le": le})


def parse(text: str) -> Spec:
    """Split a spec string into name, positional values and named values.

    Example:
        >>> parse("sdrf:50,tau=20")
        Spec(name='sdrf', values=('50',), options=(('tau', '20'),))
    """
    name, colon, rest = text.partition(":")
    name = name.strip().lower().replace("-", "_")
    if not name:
        raise UsageError("a spec like name:key=value", repr(text), "give a name; `mixcli methods` lists them")
    values: list[str] = []
    options: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in rest.split(","))) if colon else ():
        key, equals, value = part.partition("=")
        if equals:
            key = key.strip().replace("-", "_")
            if key in options:
                raise UsageError(f"each key once in {text!r}", f"{key} twice", "keep one of them")
            options[key] = value.strip()
        elif options:
            raise UsageError(f"positional values before named ones in {text!r}", f"{part!r} last", "move it forward")
        else:
            values.append(part)
    return Spec(name, tuple(values), tuple(options.items()))


def parameters(cls: type) -> list[dataclasses.Field[Any]]:
    """The fields of a method's dataclass that a spec may set, in positional order."""
    return [f for f in dataclasses.fields(cls) if f.init]


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Types of a class's fields; resolving their text takes half a millisecond, more than many a measure."""
    return typing.get_type_hints(cls)


def build(cls: type[T], spec: Spec) -> T:
    """Make the dataclass instance that a spec describes.

    Args:
        cls: a dataclass whose fields are int, float, bool, str, Literal, an optional one of these, or a number or one
            of some words (`float | Literal["auto"]`); one of them may be `tuple[int, ...]` or `tuple[float, ...]`,
            which takes all positional values from its place on.
        spec: what `parse` returned.

    Raises:
        UsageError: unknown key, too many values, wrong type or out of bounds.

    Example:
        >>> @dataclass(frozen=True)
        ... class Walk:
        ...     steps: int = param(3, "length", ge=1)
        >>> build(Walk, parse("walk:steps=5"))
        Walk(steps=5)
    """
    fields = {f.name: f for f in parameters(cls)}
    hints = _hints(typing.cast("Any", cls))
    many = _many(cls)
    if len(spec.values) > len(fields) and many is None:
        allowed = ", ".join(fields) or "no parameters"
        raise UsageError(
            f"at most {len(fields)} values ({allowed})", f"{len(spec.values)}", "drop the rest", where=str(spec)
        )
    values = spec.values
    if many is not None and len(values) > (place := list(fields).index(many)):
        values = (*values[:place], ",".join(values[place:]))
    given = dict(zip(fields, values, strict=False))
    for key, value in spec.options:
        if key not in fields:
            hint = nearest(key, fields)
            known = ", ".join(fields) or "none"
            raise UsageError(f"a parameter of {spec.name} ({known})", key, hint or "use one of those", where=str(spec))
        if key in given:
            raise UsageError(f"{key} once", "it is given by position and by name", "keep one of them", where=str(spec))
        given[key] = value
    arguments = {k: _value(v, hints[k], fields[k], str(spec)) for k, v in given.items()}
    return cls(**arguments)


def spec_of(name: str, obj: Any) -> str:
    """The shortest spec string that `build` turns back into `obj`."""
    parts = []
    named, many = parameters(type(obj)), _many(type(obj))
    if many is not None and getattr(obj, many) != next(f for f in named if f.name == many).default:
        place = [f.name for f in named].index(many)
        parts = [_text(getattr(obj, f.name)) for f in named[: place + 1]]
        named = named[place + 1 :]
    for f in named:
        value = getattr(obj, f.name)
        if value != f.default:
            parts.append(f"{f.name}={_text(value)}")
    return f"{name}:{','.join(parts)}" if parts else name


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or an empty string where nothing is close; a part of several names brings up three of them.

    Example:
        >>> nearest("resistence", ["effective_resistance", "resistance_bound", "size"])
        'did you mean effective_resistance or resistance_bound?'
    """
    names = list(dict.fromkeys(known))
    match = difflib.get_close_matches(word, [*names, *(part for name in names for part in name.split("_"))], n=1)
    if not match:
        return ""
    found = [match[0]] if match[0] in names else [name for name in names if match[0] in name.split("_")][:3]
    return f"did you mean {' or '.join(found)}?"


def _many(cls: type) -> str | None:
    """The field that takes several values, where a dataclass has one."""
    hints = _hints(typing.cast("Any", cls))
    return next((f.name for f in parameters(cls) if typing.get_origin(hints[f.name]) is tuple), None)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) and math.isfinite(value) else str(value)


def _value(text: str, hint: Any, f: dataclasses.Field[Any], where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        words = {str(word).lower(): word for a in args if _is_choice(a) for word in typing.get_args(a)}
        if text.lower() in words:
            return words[text.lower()]
        if text.lower() in ("none", "auto") and type(None) in args:
            return None
        rest = sorted((a for a in args if a is not type(None)), key=_is_choice)
        hint, origin, args = rest[0], typing.get_origin(rest[0]), typing.get_args(rest[0])
    if origin is Literal:
        for choice in args:
            if text.lower() == str(choice).lower():
                return choice
        options = ", ".join(map(str, args))
        raise UsageError(f"{f.name} to be one of {options}", text, nearest(text, map(str, args)), where=where)
    if origin is tuple:
        return tuple(_bounded(_number(one, args[0], f.name, where), f, where) for one in text.split(",") if one)
    if hint is bool:
        return _boolean(text, f.name, where)
    if hint in (int, float):
        return _bounded(_number(text, hint, f.name, where), f, where)
    return text


def _is_choice(hint: Any) -> bool:
    return typing.get_origin(hint) is Literal


def _boolean(text: str, name: str, where: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise UsageError(f"{name} to be true or false", text, where=where)
    return words[text.lower()]


def _number(text: str, kind: type, name: str, where: str) -> Any:
    try:
        over, slash, under = text.partition("/")
        value = float(over) / float(under) if slash and kind is float else float(text)
        if kind is int:
            if value != int(value):
                raise ValueError
            return int(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        wanted = "a whole number" if kind is int else "a number"
        raise UsageError(f"{name} to be {wanted}", text, where=where) from None
    if math.isnan(value):
        raise UsageError(f"{name} to be a number", text, where=where)
    return value


def _bounded(value: Any, f: dataclasses.Field[Any], where: str) -> Any:
    for key, sign, holds in (("ge", ">=", operator.ge), ("gt", ">", operator.gt), ("le", "<=", operator.le)):
        bound = f.metadata.get(key)
        if bound is not None and not holds(value, bound):
            raise UsageError(f"{f.name} {sign} {bound}", str(value), where=where)
    return value
