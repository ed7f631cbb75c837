"""Is it what it is said to be: mass on later keys, sums of rows, and the mask behind what is read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import InputError, UsageError
from mixcli.heads import head_name
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.attention_rows import Survey, survey
from mixcli.numerics.mask_fit import Fit, fit
from mixcli.sequence import Attention, MaskSequence, TokenGraph
from mixcli.spec import param

__all__ = ["Conformance"]

LEANS = (0.5, 1.5)
"""Log weight of earlier keys over later ones, in half of a layer's heads, about the 1 that a boolean mask adds."""
FAINT = 1e-3
"""Mass on later keys below which they are meant to be hidden."""


@dataclass(frozen=True)
class Conformance(SequenceMeasure):
    """Largest mass that a query of a head puts on later keys: 0 where attention is causal.

    max_i Σ_{j>i} |A[i, j]| of the weights as saved, padding left out. The details name the smallest mask of the catalog
    that holds what the heads of a layer read (`mask`, or `inside` where less than 95 % of it is read), what rows sum to
    and how that was resolved, weights below 0, and `problems` in words. A mask that is stated is held against every
    head, and attention outside it is an error.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> Conformance()(sequence_of("packed:3,5,layers=2")).details["mask"]
        'packed:3,5 x2'
    """

    mask: str = param("", "mask that attention must keep within, such as window:8; commas inside it as slashes")

    level: ClassVar[Level] = "head"
    range: ClassVar[str] = "[0, 1]"
    cost: ClassVar[str] = "O(L H T²)"
    equation: ClassVar[str] = "max_i Σ_{j>i} A[i, j]"
    cites: ClassVar[str] = "by definition"
    signed: ClassVar = True
    caveat: ClassVar[str] = "weights that underflow to 0 look as if a mask hid them"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """Future mass by head; facts and problems in the details.

        Raises:
            InputError: attention outside the mask that is stated.
        """
        if self.mask:
            _within(tokens, self.mask.replace("/", ","))
        if isinstance(tokens, MaskSequence):
            return _of_mask(tokens)
        found = _survey(tokens)
        problems = _problems(found)
        for problem in problems:
            context.note(f"{tokens.name}: {problem}" if tokens.name else problem)
        details = {"causal": found.causal, **_fitted(found.fits), **_rows(found)}
        notes = tokens.origin.notes if tokens.origin is not None else {}
        details |= {k: notes[k] for k in ("padding_dropped", "row_sums") if k in notes}
        return Values("head", found.future, index=found.index, details={**details, "problems": problems})


def _survey(tokens: Attention) -> Survey:
    """What the file was like, from when it was read where the same heads were taken."""
    store: Any = tokens.store
    known = getattr(store, "survey", None)
    if known is not None and np.array_equal(known.index, tokens.index):
        return known
    raw = getattr(store, "raw", store.head)

    def epsilon(layer: int) -> float:
        if hasattr(store, "epsilon"):
            return store.epsilon(layer)
        dtype = store.head(layer, 0).dtype
        return float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0

    size = len(raw(*tokens.index[0].tolist()))
    found = survey(raw, tokens.selection, 0, size, epsilon)
    if found.broken is not None:
        layer, head, row = found.broken
        where = f"{head_name(layer, head)}, query {row}"
        raise InputError("finite weights", f"NaN or infinity in {where}", "mask them out first", where=tokens.name)
    return found


def _of_mask(tokens: MaskSequence) -> Values:
    """The same of masks: one entry a layer."""
    fits, future = [], []
    for layer in range(tokens.depth):
        if tokens.like(layer) < layer:
            fits.append(fits[tokens.like(layer)])
            future.append(future[tokens.like(layer)])
            continue
        mask = tokens.layers[layer]
        fits.append(fit(mask.array))
        later = [np.triu(mask.weights(lo, hi), lo + 1).sum(axis=1).max() for lo, hi in mask.blocks()]
        future.append(float(max(later)))
    index = np.stack([np.arange(tokens.depth), np.zeros(tokens.depth, np.int64)], axis=1)
    details = {"causal": tokens.causal, **_fitted(tuple(fits))}
    return Values("head", np.array(future), index=index, details={**details, "problems": []})


def _fitted(fits: tuple[Fit, ...]) -> dict[str, Any]:
    """The mask behind the layers, in the grammar of masks."""
    runs = [(spec, len(list(same))) for spec, same in itertools.groupby(found.spec for found in fits)]
    text = "; ".join(f"{spec} x{count}" if count > 1 else spec for spec, count in runs)
    coverage = min(found.coverage for found in fits)
    close = all(found.close for found in fits)
    return {"mask": text if close else None, **({} if close else {"inside": text}), "coverage": coverage}


def _rows(found: Survey) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "row_sum_min": float(found.least.min()),
        "row_sum_max": float(found.most.max()),
        "row_sum_defect": found.defect,
        "tolerance": float(found.tolerance.max()),
        "first_token_on_itself": float(found.first.min()),
    }
    if found.signed:
        facts |= {"negative_fraction": float(found.negative.max()), "absolute_row_mass": float(found.mass.max())}
    lean = found.lean[np.isfinite(found.lean)]
    if len(lean):
        facts["log_earlier_over_later"] = float(np.median(lean))
    return facts


def _problems(found: Survey) -> list[str]:
    """What does not look as it should, in words."""
    problems = []
    future, places = float(found.future.max()), np.flatnonzero(found.future)
    some = f"future mass up to {future:.3g} in {found.name(int(np.argmax(found.future)))}"
    if found.signed:
        problems.append(
            f"weights below 0 ({found.negative.max():.2%} of a head at most), |A| sums to {found.mass.max():.3g}: "
            "a difference of two maps; measures of random walks do not apply"
        )
    if found.short and not found.signed:
        problems.append(f"rows sum to {found.least.min():.4g} at least: a sink outside the tokens takes the rest")
    if not len(places) or found.signed:
        return problems
    lean = [float(np.median(found.lean[found.index[:, 0] == layer])) for layer in np.unique(found.index[:, 0])]
    if future < FAINT:
        problems.append(f"{some}: a mask that does not quite hide later keys; add -inf to their logits")
    elif min(lean) >= LEANS[0] and np.median(lean) <= LEANS[1]:
        problems.append(
            f"{some}, while earlier keys weigh e^{np.median(lean):.2g} times as much as later ones: a boolean mask, "
            "which eager attention adds to the logits as 0 and 1? give it as floats, 0 and -inf"
        )
    elif len(places) < len(found.future):
        problems.append(f"{some}, but none in {len(found.future) - len(places)} of {len(found.future)} heads")
    return problems


def _within(tokens: TokenGraph, text: str) -> None:
    """Refuse attention outside a mask.

    Raises:
        InputError: there is some; the message gives its mass, and that on later keys.
        UsageError: a mask for another number of layers.
    """
    from mixcli.generators.mask_spec import sequence_of

    front = int(getattr(getattr(tokens, "store", None), "sink", False))  # the virtual token stands outside every mask
    stated = sequence_of(text, tokens.tokens - front, tokens.depth)
    if (stated.tokens, stated.depth) != (tokens.tokens - front, tokens.depth):
        wanted = f"a mask of {tokens.depth} layers over {tokens.tokens - front} tokens"
        raise UsageError(wanted, f"{stated.depth} over {stated.tokens}", "correct the mask", where="conformance")
    worst, later, name = 0.0, 0.0, ""
    for layer, head, weights in _weights(tokens):
        inside = np.abs(weights[front:, front:])
        outside = np.where(stated.visible(layer), 0, inside).sum(axis=1, dtype=np.float64).max()
        if outside > worst:
            worst, later = float(outside), float(np.triu(inside, 1).sum(axis=1).max())
            name = head_name(tokens.numbers[layer] if isinstance(tokens, Attention) else layer, head)
    if worst:
        found = f"mass {worst:.3g} outside it in {name}, future mass {later:.3g}"
        fix = "hide keys with an additive mask of 0 and -inf: eager attention adds a boolean one as 0 and 1"
        if not later:
            fix = "state the mask that the model has, -m conformance names it"
        raise InputError(f"attention within {text}", found, fix, where=tokens.name)


def _weights(tokens: TokenGraph) -> Any:
    if isinstance(tokens, MaskSequence):
        return ((layer, 0, tokens.operator(layer)) for layer in range(tokens.depth) if tokens.like(layer) == layer)
    return tokens.each()
