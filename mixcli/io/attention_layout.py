"""Which array is which layer: the ways in which attention is saved, brought to one form.

A tuple or list holds a layer each, `[B, H, T, T]` (batch first), `[H, T, T]` or `[T, T]`. One array is `[T, T]`,
`[H, T, T]`, `[L, H, T, T]` (layers first) or `[S, L, H, T, T]` (samples first). Dictionaries name layers by
`attentions.{l}`, `blocks.{l}.attn.hook_pattern` and the like, or hold one of the above under `attentions`. What
`generate` returns, a tuple of steps of tuples of layers, is stitched: each step brings the rows of its new tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import UsageError
from mixcli.io.attention_parts import Part, is_float

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = [
    "Block",
    "heads_of",
    "is_attention",
    "layers_of",
    "looks_like_mask",
    "named",
    "names_attention",
    "rows_of",
    "skipped",
    "states_of",
]

EAGER = 'load the model with attn_implementation="eager": sdpa and flash attention give no weights'
SHAPES = "[B, H, T, T] of each layer, or one array [L, H, T, T]"
WHOLE = ("attentions", "attention", "attn", "attention_weights", "attn_weights", "patterns", "pattern")
WEIGHTS = re.compile(r"(?:attentions?|attns?|attention_weights|attn_weights|patterns?)[._](\d+)")
HOOKS = re.compile(r"blocks\.(\d+)\.attn\.hook_pattern")
NUMPY = re.compile(r"arr_(\d+)")
STATES = re.compile(r"hidden_states?[._](\d+)")
RESIDUAL = re.compile(r"blocks\.(\d+)\.hook_resid_(pre|post)")


@dataclass(frozen=True)
class Block:
    """Some rows of one layer: a part, where in it they lie, and how many.

    Args:
        part: the array.
        lead: index before the head's: the sample, and the layer where one array holds all.
        heads: H; 0 where the part has no axis of heads.
        rows: queries.
        keys: keys.
    """

    part: Part
    lead: tuple[int, ...]
    heads: int
    rows: int
    keys: int

    def take(self, head: int) -> NDArray[Any]:
        """(rows, keys) of one head."""
        return self.part.take(*self.lead, head) if self.heads else self.part.take(*self.lead)


Layer = tuple[Block, ...]


def is_attention(tree: Any, *, forced: bool = False) -> bool:
    """Whether what a file holds is attention and no graph: named so, or arrays of three axes and more.

    Args:
        tree: parts in dicts and lists.
        forced: whether the user says that it is, so that matrices count too.
    """
    axes = 2 if forced else 3
    if isinstance(tree, dict):
        if any(map(names_attention, tree)):
            return any(_is_weights(v, 2) for k, v in tree.items() if names_attention(k))
        if any(k in tree for k in WHOLE):
            return any(tree[k] in ((), None) or _is_weights(tree[k], 2) for k in WHOLE if k in tree)
        numbered = [v for k, v in tree.items() if NUMPY.fullmatch(k)]
        return bool(numbered) and all(_is_weights(v, axes) for v in numbered)
    return (isinstance(tree, tuple) and not tree) or _is_weights(tree, axes)


def names_attention(key: str) -> bool:
    """Whether a name in a file is one of attention weights of a layer.

    Example:
        >>> [names_attention(k) for k in ("attentions.3", "blocks.0.attn.hook_pattern", "edge_attr")]
        [True, True, False]
    """
    return bool(WEIGHTS.fullmatch(key) or HOOKS.fullmatch(key))


def _is_weights(tree: Any, axes: int) -> bool:
    if isinstance(tree, list):
        return bool(tree) and all(part is None or _is_weights(part, axes) for part in tree)
    return hasattr(tree, "take") and is_float(tree) and len(tree.shape) >= axes


def named(tree: Any, *names: str) -> Any:
    """The first of these entries that a dictionary has, or None."""
    found = (tree[name] for name in names if isinstance(tree, dict) and name in tree)
    return next(found, None)


def looks_like_mask(layers: list[Layer]) -> bool:
    """Whether the first head holds a mask in floats: nothing above 0, or 0 and 1 with rows of more than one 1."""
    values = rows_of(layers[0], 0)
    if not np.isnan(values).any() and (values <= 0).all():
        return True
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) > 1).any())


def layers_of(tree: Any, sample: int | None, reading: Reading) -> list[Layer]:
    """The layers of a file, as blocks of rows.

    Raises:
        InputError: no layers, shapes that do not fit each other, or what `generate` does not return.
        UsageError: a batch and no --sample, or a sample that is not there.
    """
    if isinstance(tree, dict):
        tree = _from_dict(tree, reading)
    if tree is None or isinstance(tree, (list, tuple)):
        if not tree or any(part is None or part == () or part == [] for part in tree):
            raise reading.error("attention weights of every layer", "an empty tuple" if tree == () else "none", EAGER)
        steps = tree if isinstance(tree[0], list) else [tree]
        if any(not isinstance(step, list) or len(step) != len(steps[0]) for step in steps):
            raise reading.error("as many layers at every step", "others", "save out.attentions as generate returns it")
        return [_stitched([step[k] for step in steps], sample, reading) for k in range(len(steps[0]))]
    return _from_array(tree, sample, reading)


def heads_of(layer: Layer) -> int:
    """Number of heads."""
    return max(1, layer[0].heads)


def rows_of(layer: Layer, head: int) -> NDArray[Any]:
    """(T, T) of one head: the blocks one below the other, later keys of earlier rows 0."""
    if len(layer) == 1:
        return layer[0].take(head)
    first = layer[0].take(head)
    out = np.zeros((layer[-1].keys, layer[-1].keys), first.dtype)
    out[: len(first), : layer[0].keys] = first
    row = len(first)
    for block in layer[1:]:
        out[row : row + block.rows, : block.keys] = block.take(head)
        row += block.rows
    return out


def states_of(tree: Any, sample: int | None, reading: Reading) -> list[tuple[tuple[Part, tuple[int, ...]], ...]]:
    """The hidden states of a file, each as parts (rows, d) one below the other.

    A tuple holds a state each, `[B, T, d]` or `[T, d]`; one array is `[K, T, d]`; steps of `generate` are stitched.

    Raises:
        InputError: other shapes.
        UsageError: a batch and no --sample.
    """
    if isinstance(tree, dict):
        numbered = _numbered(tree, STATES) or _residuals(tree)
        tree = numbered if numbered else named(tree, "hidden_states", "hidden")
    if tree is None or tree == ():
        return []
    if hasattr(tree, "take") and len(tree.shape) == 3:
        return [((tree, (k,)),) for k in range(tree.shape[0])]
    if not isinstance(tree, list):
        raise reading.error("hidden states [B, T, d] of each layer", "others", "save out.hidden_states")
    steps = tree if isinstance(tree[0], list) else [tree]
    states = []
    for k in range(len(steps[0])):
        found: list[Any] = [step[k] if k < len(step) else None for step in steps]
        if any(not hasattr(p, "take") or not is_float(p) or len(p.shape) not in (2, 3) for p in found):
            raise reading.error("hidden states [B, T, d] of each layer", "others", "save out.hidden_states")
        states.append(tuple((p, _sampled(p.shape, 3, sample)) for p in found))
    return states


def _from_dict(tree: dict[str, Any], reading: Reading) -> Any:
    for pattern in (HOOKS, WEIGHTS, NUMPY):
        if found := _numbered(tree, pattern):
            return found[0] if pattern is NUMPY and len(found) == 1 else found
    if not any(name in tree for name in WHOLE):
        keys = ", ".join(list(tree)[:5])
        fix = "name the layers attentions.0, attentions.1 … or blocks.0.attn.hook_pattern …"
        raise reading.error("attention weights", f"the keys {keys:.200}" if tree else "nothing", fix)
    return named(tree, *WHOLE)


def _numbered(tree: dict[str, Any], pattern: re.Pattern[str]) -> list[Any]:
    found = {int(m[1]): value for key, value in tree.items() if (m := pattern.fullmatch(key))}
    return [found[k] for k in sorted(found)]


def skipped(tree: Any) -> list[int]:
    """The numbers under which a file stores its layers, where they are not 0, 1, 2 …; otherwise none.

    Example:
        >>> skipped({"attentions.7": None, "attentions.3": None}), skipped({"attentions.0": None})
        ([3, 7], [])
    """
    for pattern in (HOOKS, WEIGHTS) if isinstance(tree, dict) else ():
        found = sorted(int(m[1]) for key in tree if (m := pattern.fullmatch(key)))
        if found:
            return found if found != list(range(len(found))) else []
    return []


def _residuals(tree: dict[str, Any]) -> list[Any]:
    """What enters the first block and what leaves each, under TransformerLens's names."""
    found = {(int(m[1]), m[2]): value for key, value in tree.items() if (m := RESIDUAL.fullmatch(key))}
    after = [found[key] for key in sorted(found) if key[1] == "post"]
    return [found[0, "pre"], *after] if (0, "pre") in found and after else []


def _from_array(part: Any, sample: int | None, reading: Reading) -> list[Layer]:
    if not hasattr(part, "take") or not is_float(part):
        raise reading.error("attention weights (real numbers)", getattr(part, "dtype", type(part).__name__), _fix(part))
    shape = part.shape
    if not 2 <= len(shape) <= 5:
        raise reading.error(SHAPES, f"shape {shape}", "save one sample, or layers × heads × T × T")
    lead = _sampled(shape, 5, sample)
    if len(shape) < 5 and sample not in (None, 0):
        raise UsageError("a batch for --sample", f"shape {shape}", "leave --sample out", where=reading.where)
    count = shape[-4] if len(shape) >= 4 else 1
    heads = shape[-3] if len(shape) >= 3 else 0
    layers: list[Layer] = [
        (Block(part, (*lead, k) if len(shape) >= 4 else (), heads, *shape[-2:]),) for k in range(count)
    ]
    for layer in layers:
        _square(layer, reading)
    if not layers or 0 in shape:
        raise reading.error("at least one layer, head and token", f"shape {shape}", EAGER)
    return layers


def _stitched(parts: Sequence[Any], sample: int | None, reading: Reading) -> Layer:
    blocks = []
    for part in parts:
        if not hasattr(part, "take") or not is_float(part):
            found = getattr(part, "dtype", type(part).__name__)
            raise reading.error("attention weights (real numbers)", found, _fix(part))
        if not 2 <= len(part.shape) <= 4 or 0 in part.shape:
            raise reading.error(SHAPES, f"shape {part.shape} of a layer", "save out.attentions as it is")
        heads = part.shape[-3] if len(part.shape) > 2 else 0
        blocks.append(Block(part, _sampled(part.shape, 4, sample), heads, *part.shape[-2:]))
    layer = tuple(blocks)
    _square(layer, reading)
    return layer


def _square(layer: Layer, reading: Reading) -> None:
    """Refuse a layer that is not square, steps that do not follow each other, and changing numbers of heads."""
    rows = 0
    for block in layer:
        rows += block.rows
        if block.keys != rows or block.heads != layer[0].heads:
            found = f"{block.rows} queries and {block.keys} keys" + (f" after {rows - block.rows}" if rows else "")
            fix = "keep the first step of generate, and a cache that forgets nothing and has no room to spare"
            if len(layer) == 1 and block.rows < block.keys:
                fix = "this is a later step of generate: save the whole tuple of steps, or run the model on all tokens"
            raise reading.error("as many queries as keys", found, fix)


def _sampled(shape: Iterable[int], axes: int, sample: int | None) -> tuple[int, ...]:
    """Index of the sample, for an array that has the axis of samples."""
    shape = tuple(shape)
    if len(shape) < axes:
        return ()
    if sample is None and shape[0] != 1:
        raise UsageError("one sample", f"a batch of {shape[0]}", f"choose one with --sample 0 … {shape[0] - 1}")
    if not 0 <= (sample or 0) < shape[0]:
        raise UsageError(f"a sample from 0 to {shape[0] - 1}", str(sample), "choose one of these", where="--sample")
    return (sample or 0,)


def _fix(part: Any) -> str:
    if getattr(part, "dtype", "") == "bool":
        return "booleans are a mask, not attention: leave --from attention out"
    return "save the tensors of out.attentions as they are"
