"""Masks and mask sequences from their specs."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
from typing import TYPE_CHECKING, Any

from mixcli.catalog import MASKS
from mixcli.errors import InputError, MixcliError, UsageError
from mixcli.generators.mask_algebra import both, either, with_edges
from mixcli.generators.mask_family import mask_of, named, own_tokens
from mixcli.generators.mask_grammar import Layer, MaskSpec, Sizes, family_of, parse_mask
from mixcli.generators.masks_outside import function, is_function, options_of
from mixcli.generators.sized import Forecast
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.provenance import Step
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from mixcli.io.masks_files import MaskFile

__all__ = ["LAYERS", "TOKENS", "mask_of", "mask_of_layer", "sequence_of"]

TOKENS = 256
"""Tokens of a spec that does not say."""
LAYERS = 6
"""Layers of a spec that names one mask and does not say."""

OUTSIDE = ("docs", "file")
"""Families that read a file."""


def sequence_of(
    text: str,
    tokens: int | None = None,
    layers: int | None = None,
    convention: str | None = None,
    limits: Limits | None = None,
) -> MaskSequence:
    """The mask sequence of a spec.

    Args:
        text: see `mixcli.generators.mask_grammar`.
        tokens: T where neither the text nor its masks (`packed`, `tree`, `docs`, `file`) say; None for `TOKENS`.
        layers: L where the text lists a single mask and no number; None for `LAYERS`.
        convention: what True means in mask files, "attend" or "block", where the text does not say.
        limits: what making the masks may use; None for what holds where nobody says.

    Raises:
        UsageError: it is not in the grammar, no such family, or an argument that is not right.
        InputError: a mask file that cannot be read, or can be read in two ways.
        LimitExceeded: too many tokens or layers.

    Example:
        >>> sequence_of("window:4,tokens=24,layers=3")
        MaskSequence('window:4,tokens=24,layers=3', tokens=24, layers=3)
        >>> sequence_of("window:4 x5; causal,tokens=24,layers=12").like(11)
        5
    """
    name = text.strip()
    spec = parse_mask(text)
    try:
        files = _files(spec, convention)
        size = _tokens(spec, files, tokens or TOKENS)
        distinct = {layer.mask: layer for layer in spec.layers}
        _check_size(size, sum(len(inner) for layer in distinct.values() for inner in layer.terms), limits)
        made = {mask: _masks(layer, size, files, limits) for mask, layer in distinct.items()}
        listed = tuple(mask for layer in spec.layers for _ in range(layer.repeat) for mask in made[layer.mask])
        listed, notes = _whole(listed, spec, files)
    except MixcliError as error:
        raise error if error.where.startswith("mask:") else error.at(f"mask:{name:.200}") from None
    digest = next(iter(files.values())).sha256 if len(files) == 1 else None
    return MaskSequence(
        _repeated(listed, spec, name, layers or LAYERS),
        read_out=-1 if spec.sizes.read_out is None else spec.sizes.read_out,
        name=name,
        provenance=(Step("generate", f"mask:{name}", sha256=digest, notes=notes),),
    )


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
    _check_size(tokens, sum(map(len, spec.layers[0].terms)), None)
    return _masks(spec.layers[0], tokens, {}, None)[0]


def _check_size(tokens: int, count: int, limits: Limits | None) -> None:
    size = Forecast(tokens, tokens**2 * count, 16 * tokens, tokens**2 * count, ("tokens", "pairs"))
    size.check("masks", limits or Limits())


def _terms(spec: MaskSpec) -> list[str]:
    return [term for layer in spec.layers for inner in layer.terms for term in inner]


def _files(spec: MaskSpec, convention: str | None) -> dict[str, MaskFile]:
    """What the mask files of a spec hold."""
    terms = [term for term in _terms(spec) if MASKS.canonical(term.partition(":")[0]) == "file"]
    if not terms:
        return {}
    from mixcli.io import masks_files

    found = {}
    for term in terms:
        arguments = list(inspect.signature(MASKS.get("file")).parameters.values())[1:]
        values = named(family_of(term)[0], arguments)
        path = values.pop("path")
        if convention is not None and values["convention"] == "auto":
            values["convention"] = convention
        found[term] = masks_files.read(path, options_of(**values))
    return found


def _tokens(spec: MaskSpec, files: dict[str, MaskFile], default: int) -> int:
    """T as the spec says, or as its masks know."""
    known = [(term, file.layers[0].tokens) for term, file in files.items()]
    size = spec.sizes.tokens or next((tokens for _, tokens in known), None)
    for term, tokens in known:
        if tokens != size:
            raise UsageError(f"{size} tokens", f"{tokens} in {term}", "leave tokens out", where=term)
    return size or next(filter(None, map(own_tokens, _terms(spec))), default)


def _masks(layer: Layer, tokens: int, files: dict[str, MaskFile], limits: Limits | None) -> tuple[Mask, ...]:
    """The mask of one layer of a spec; several where a file holds several."""
    several = {id(masks): masks for masks in (files[t].layers for inner in layer.terms for t in inner if t in files)}
    counts = {len(masks) for masks in several.values()} - {1}
    if len(counts) > 1:
        raise UsageError("files with as many layers as each other", f"{sorted(counts)}", "combine those that agree")
    plain = {t: _plain(t, tokens, limits) for inner in layer.terms for t in inner if t not in files}
    made: dict[tuple[int, ...], Mask] = {}
    out = []
    for k in range(max(counts, default=1)):
        here = {t: plain[t] if t in plain else _place(files[t].layers, k) for inner in layer.terms for t in inner}
        key = tuple(map(id, here.values()))  # layers of a file that are alike stay one object
        if key not in made:
            mask = with_edges(either([both([here[t] for t in inner]) for inner in layer.terms]), layer.edges)
            made[key] = dataclasses.replace(mask, name=layer.mask) if not counts else mask
            made[key].__dict__.update({k: v for k, v in mask.__dict__.items() if k == "array"})
        out.append(made[key])
    return tuple(out)


def _place(masks: tuple[Mask, ...], k: int) -> Mask:
    return masks[k] if len(masks) > 1 else masks[0]


def _plain(term: str, tokens: int, limits: Limits | None) -> Mask:
    return function(term, tokens) if is_function(term) else mask_of(term, tokens, limits)


def _whole(
    masks: tuple[Mask, ...], spec: MaskSpec, files: dict[str, MaskFile]
) -> tuple[tuple[Mask, ...], dict[str, Any]]:
    """The masks without padding, where they come from outside and might have some, and what is to be told."""
    notes: dict[str, Any] = {}
    for file in files.values():
        notes |= file.notes
    if not files and not any(map(is_function, _terms(spec))):
        return masks, notes
    from mixcli.io.masks_arrays import without_padding

    tokens = masks[0].tokens
    masks, kept = without_padding(masks, "")
    if len(kept) < tokens:
        if not files:
            found = f"none for query {min(set(range(tokens)) - set(kept.tolist()))}"
            raise InputError("every query to read a key", found, "let it read itself")
        notes["padding"] = tokens - len(kept)
    return masks, notes


def _repeated(listed: tuple[Mask, ...], spec: MaskSpec, text: str, default: int) -> tuple[Mask, ...]:
    single = len(spec.layers) == 1 and spec.layers[0].repeat == 1 and len(listed) == 1
    wanted = spec.sizes.layers or (default if single else len(listed))
    if wanted < len(listed):
        fix = "drop layers=, or shorten the list"
        raise UsageError(f"layers >= {len(listed)}, as listed", str(wanted), fix, where=f"mask:{text}")
    return tuple(listed[k % len(listed)] for k in range(wanted))
