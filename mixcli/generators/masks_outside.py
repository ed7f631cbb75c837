"""Masks that are not made here: from files, and from the user's own Python functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mixcli.catalog import MASKS
from mixcli.errors import InputError, UsageError
from mixcli.mask import Mask
from mixcli.spec import nearest

if TYPE_CHECKING:
    from mixcli.io.masks_arrays import MaskOptions

__all__ = ["file", "function", "is_function", "options_of"]

FUNCTION = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
CONVENTIONS = ("auto", "attend", "block")


def file(tokens: int, path: str, sample: int = -1, convention: str = "auto", padding: bool = False) -> Mask:
    """A mask file: `.npy`, `.npz`, `.pt` or `.jsonl`.

    Booleans say where attention may go (attend, as torch's scaled_dot_product_attention takes them) or may not (block,
    as its MultiheadAttention does); auto takes the reading that is causal, or the only one that lets anybody read
    anything, and refuses where both remain. Integers: 1 attends. Floats are added to the logits: 0 or -inf. [T, T]
    holds for every layer, [L, T, T] has one mask a layer, [B, 1, T, T] a batch, [B, T] says which tokens are no
    padding: use it as `causal & file:PATH`. Tokens that read nothing and are read by nobody are padding, and are left
    out.

    Args:
        tokens: T, as in the file.
        path: the file.
        sample: which one of a batch; -1 where all are alike.
        convention: attend, block or auto: what True means.
        padding: whether an array of two axes says which tokens are there, also where it is square.
    """
    from mixcli.io import masks_files

    layers = masks_files.read(path, options_of(sample, convention, padding)).layers
    if layers[0].tokens != tokens:
        raise UsageError(f"{tokens} tokens", f"{layers[0].tokens} in the file", "leave tokens out", where=path)
    if len({id(mask) for mask in layers}) > 1:
        raise InputError("one mask", f"{len(layers)} layers", "use sequence_of, or mask:file:PATH", where=path)
    return layers[0]


def options_of(sample: int = -1, convention: str = "auto", padding: bool = False) -> MaskOptions:
    """What a spec says about a mask file.

    Raises:
        UsageError: no such convention.
    """
    from mixcli.io.masks_arrays import MaskOptions

    if convention not in CONVENTIONS:
        hint = nearest(convention, CONVENTIONS) or "choose one of these"
        raise UsageError(f"convention to be one of {', '.join(CONVENTIONS)}", repr(convention), hint, where="file")
    chosen = {"attend": "attend", "block": "block"}.get(convention)
    return MaskOptions(chosen, None if sample < 0 else sample, padding)  # type: ignore[arg-type]


def is_function(term: str) -> bool:
    """Whether a term is MODULE:FUNCTION, and not a family."""
    return FUNCTION.fullmatch(term) is not None and term.partition(":")[0] not in MASKS


def function(term: str, tokens: int) -> Mask:
    """The mask of MODULE:FUNCTION, a mask_mod; see `mixcli.io.mask_functions`.

    Raises:
        UsageError: no such module or function.
        InputError: it fails, or a query may read nothing.
    """
    from mixcli.io.mask_functions import mask_mod

    module, _, name = term.partition(":")
    return mask_mod(module, name, tokens, list(MASKS))
