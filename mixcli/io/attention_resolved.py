"""What becomes of rows that are not what they should be: resolved by a stated rule, or refused with what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli.heads import head_name

if TYPE_CHECKING:
    from mixcli.io.base import Reading
    from mixcli.numerics.attention_rows import Survey

__all__ = ["resolved"]

TOLD = 1e-6
"""Defects of row sums below this are not worth a word: float32 leaves as much."""


def resolved(
    found: Survey, policy: Literal["sink", "renorm", "error"], padded: tuple[int, int], reading: Reading
) -> tuple[bool, dict[str, Any]]:
    """Whether a virtual token takes what rows lack, and the notes for the provenance.

    Args:
        found: what the heads are like as saved.
        policy: `--row-sum`.
        padded: tokens of padding in front and behind.
        reading: for messages.

    Raises:
        InputError: NaN or infinity, rows of more than 1, or of less where that is not wanted.
    """
    if found.broken is not None:
        layer, head, row = found.broken
        fix = "a query that may read no key gives NaN: run the model again without such rows, or on one text alone"
        raise reading.error("finite weights", f"NaN or infinity in {head_name(layer, head)}, query {row}", fix)
    notes: dict[str, Any] = {}
    if any(padded):
        notes["padding_dropped"] = f"{padded[0]} tokens in front, {padded[1]} behind"
    if found.signed:
        at = int(np.argmax(found.negative))
        share, mass = f"{found.negative[at]:.2%}", f"{found.mass.max():.4g}"
        notes["signed"] = f"weights below 0 ({share} of {found.name(at)}), |A| sums to {mass} at most; rows left as is"
        return False, notes
    if found.long and policy != "renorm":
        at = int(np.argmax(found.most))
        fix = "save weights after the softmax, not scores; --row-sum renorm scales rows to 1"
        raise reading.error("rows that sum to 1", f"{found.most[at]:.6g} in {found.name(at)}", fix)
    sums = f"min {found.least.min():.4g}, max {found.most.max():.4g}"
    if found.short and policy == "error":
        at = int(np.argmin(found.least))
        fix = "--row-sum sink gives the rest to a virtual token, --row-sum renorm scales rows up"
        raise reading.error("rows that sum to 1", f"{found.least[at]:.6g} in {found.name(at)}", fix)
    if policy == "renorm" and found.least.min() <= 0:
        at = int(np.argmin(found.least))
        raise reading.error("rows to scale to 1", f"one of 0 in {found.name(at)}", "pass --row-sum sink")
    if found.short and policy == "sink":
        notes["row_sums"] = f"{sums}; a virtual token (sink) in front is read with the rest"
        return True, notes
    if found.short or found.long:
        notes["row_sums"] = f"{sums}; scaled to 1"
    elif found.defect > TOLD:
        notes["row_sums"] = f"off by {found.defect:.2g} at most; scaled to 1"
    return False, notes
