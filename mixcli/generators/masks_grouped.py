"""Mask families of tokens that belong together: packed documents and trees of drafts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import InputError, UsageError
from mixcli.generators.masks import at_least
from mixcli.generators.sized import Forecast, sized
from mixcli.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["docs", "documents", "packed", "tree"]

MAX_FILE = 2**26
"""Bytes of a file of document numbers."""


def packed(tokens: int, lengths: tuple[int, ...] = (128, 128)) -> Mask:
    """Documents of the given lengths behind each other, each causal, none reading another.

    M[i, j] = (j <= i) and doc(i) = doc(j). T is the sum of the lengths. Elsewhere: `packed_sequence_mask_function` and
    `position_ids` that start again at 0 (Hugging Face), `generate_doc_mask_mod` (attention-gym),
    `BlockDiagonalCausalMask` (xformers).

    Args:
        tokens: T.
        lengths: tokens of each document.
    """
    for length in lengths:
        at_least("packed", "every length", length, 1)
    if sum(lengths) != tokens:
        raise UsageError(f"lengths that sum to {tokens} tokens", str(sum(lengths)), "leave tokens out", where="packed")
    return _same(np.repeat(np.arange(len(lengths)), lengths))


def docs(tokens: int, path: str, positions: bool = False) -> Mask:
    """Documents behind each other as a file numbers them, each causal, none reading another.

    M[i, j] = (j <= i) and doc(i) = doc(j). The file holds one whole number a token, apart by spaces, commas or lines.

    Args:
        tokens: T, as many as there are numbers in the file.
        path: the file.
        positions: whether the numbers are positions (0, 1, 2, 0, 1 …), which start again with each document.
    """
    numbers = documents(path)
    if len(numbers) != tokens:
        raise UsageError(f"{tokens} tokens", f"{len(numbers)} numbers in the file", "leave tokens out", where=path)
    return _same(np.cumsum(np.diff(numbers, prepend=numbers[:1]) != 1) if positions else numbers)


def documents(path: str) -> NDArray[np.int64]:
    """(T,) the numbers in a file."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
        words = data.translate(None, b"[]").replace(b",", b" ").split()
        if len(data) > MAX_FILE or not words:
            raise InputError("one whole number a token", "none" if not words else "too long a file", where=path)
        return np.array([int(word) for word in words], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise InputError("one whole number a token", "something else", "correct the file", where=path) from error
    except OSError as error:
        raise InputError("a readable file", error.strerror or str(error), "check the path", where=path) from error


@sized(lambda tokens, parents: Forecast(tokens, tokens**2, tokens**2, nouns=("tokens", "pairs")))
def tree(tokens: int, parents: tuple[int, ...] = (-1, 0, 0, 1, 1, 2)) -> Mask:
    """A tree of drafts: every token reads itself and its ancestors.

    M[i, j] = j is i or an ancestor of i. T is the number of parents. Elsewhere: tree attention of speculative decoding
    (Medusa, SpecInfer).

    Args:
        tokens: T.
        parents: the parent of each token, an earlier one; -1 for a root.
    """
    if len(parents) != tokens:
        raise UsageError(f"{tokens} parents", str(len(parents)), "leave tokens out", where="tree")
    for token, parent in enumerate(parents):
        if not -1 <= parent < token:
            raise UsageError(
                f"a parent of token {token} in -1 … {token - 1}", str(parent), "-1 is a root", where="tree"
            )
    visible = np.eye(tokens, dtype=bool)
    for token, parent in enumerate(parents):
        if parent >= 0:
            visible[token] |= visible[parent]
    return Mask.of(visible)


def _same(document: NDArray[np.int64]) -> Mask:
    return Mask(len(document), lambda i, j: (j <= i) & (document[i] == document[j]))
