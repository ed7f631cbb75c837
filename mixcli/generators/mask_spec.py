"""Mask specs, `window:16,tokens=256,layers=6`, and the mask sequences they stand for."""

from __future__ import annotations

import dataclasses
import inspect

from mixcli.catalog import MASKS
from mixcli.provenance import Step
from mixcli.sequence import Mask, MaskSequence
from mixcli.spec import Spec, build, param, parse

__all__ = ["LAYERS", "TOKENS", "mask_of", "sequence_of"]

TOKENS = 256
"""Tokens of a spec that does not say."""
LAYERS = 6
"""Layers of a spec that does not say."""


def sequence_of(text: str, tokens: int | None = None, layers: int | None = None) -> MaskSequence:
    """The mask sequence of a spec.

    Args:
        text: `FAMILY[:args]`, with `tokens=T` and `layers=L` among the arguments.
        tokens: T where the text does not say; None for `TOKENS`.
        layers: L where the text does not say; None for `LAYERS`.

    Raises:
        UsageError: no such family, or an argument that is not right.

    Example:
        >>> sequence_of("window:4,tokens=24,layers=3")
        MaskSequence('window:4,tokens=24,layers=3', tokens=24, layers=3)
    """
    spec = parse(text)
    sizes = {"tokens": tokens or TOKENS, "layers": layers or LAYERS}
    rest = []
    for key, value in spec.options:
        if key in sizes:
            sizes[key] = int(value)
        else:
            rest.append((key, value))
    mask = mask_of(Spec(spec.name, spec.values, tuple(rest)), sizes["tokens"])
    step = Step("generate", f"mask:{text}")
    return MaskSequence((mask,) * sizes["layers"], name=text, provenance=(step,))


def mask_of(spec: Spec, tokens: int) -> Mask:
    """The mask of one family over so many tokens."""
    family = MASKS.get(spec.name)
    types = {"int": int, "float": float}
    arguments = list(inspect.signature(family).parameters.values())[1:]
    fields = [(p.name, types[p.annotation], param(p.default, "")) for p in arguments]
    values = dataclasses.asdict(build(dataclasses.make_dataclass(spec.name, fields), spec))
    return dataclasses.replace(family(tokens, **values), name=str(spec))
