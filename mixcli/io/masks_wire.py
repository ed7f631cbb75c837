"""Mask sequences as JSON, a line of mixcli's wire form beside those of graphs.

    {"schema":"mixcli.mask/1","name":"window:4,tokens=24","tokens":24,"read_out":23,"layers":[0,0,1],
     "masks":[{"spec":"window:4","sha256":"…"},{"name":"…","rows":[[0,1],[0,2],[0,1,2,3],…],"weight":…}],
     "roles":[…],"labels":[…],"provenance":[…]}

`masks` lists each mask once, `layers` says which of them each layer has. A mask is the spec that makes it (families
only, nothing that would read a file or run code), or its rows as runs of keys `[start, end, start, end …]`, or, where
that is longer, `bits`, the rows as packed bits. `weight` holds the weights of what may be read, row by row.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli import provenance
from mixcli.errors import LimitExceeded, MixcliError, UsageError
from mixcli.io import jsonarray
from mixcli.io.checks import room
from mixcli.mask import Mask
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["SCHEMA", "check_room", "distinct", "head_of", "object_of", "raw_weights", "sequence_of", "with_head"]

SCHEMA = "mixcli.mask/1"
MAX_LAYERS = 100_000
RUN_BYTES = 10
"""Bytes of JSON that a run of keys takes, about."""
CHECKED = 2**29
"""Pairs of tokens up to which a spec is held against its digest when it is read: some seconds."""
READABLE = 2000
"""Bytes of JSON below which rows are runs in any case."""


def object_of(sequence: MaskSequence) -> dict[str, Any]:
    """A mask sequence as the JSON object of its line."""
    masks, _ = distinct(sequence)
    form = head_of(sequence)
    form["masks"] = [_mask_object(mask) for mask in masks]
    return form


def head_of(sequence: MaskSequence) -> dict[str, Any]:
    """All but the masks."""
    form: dict[str, Any] = {"schema": SCHEMA}
    if sequence.name:
        form["name"] = sequence.name
    form |= {"tokens": sequence.tokens, "read_out": sequence.read_out, "layers": distinct(sequence)[1]}
    if sequence.roles.any():
        form["roles"] = sequence.roles.tolist()
    if sequence.labels is not None:
        form["labels"] = list(sequence.labels)
    if sequence.provenance:
        form["provenance"] = json.loads(provenance.dumps(sequence.provenance))
    return form


def distinct(sequence: MaskSequence) -> tuple[list[Mask], list[int]]:
    """Each mask once, and which of them each layer has."""
    firsts = sorted({sequence.like(layer) for layer in range(sequence.depth)})
    place = {first: k for k, first in enumerate(firsts)}
    return [sequence.layers[first] for first in firsts], [place[sequence.like(k)] for k in range(sequence.depth)]


def sequence_of(form: Any, reading: Reading, step: provenance.Step) -> MaskSequence:
    """The mask sequence of one line.

    Args:
        form: the parsed JSON.
        reading: for messages.
        step: provenance of this read.

    Raises:
        InputError: it contradicts itself.
        LimitExceeded: its masks would not fit.
        ValueError: it is not one of our objects; the message says why.
    """
    tokens = form.get("tokens")
    if type(tokens) is not int or tokens < 1:
        raise ValueError("tokens that is not a positive integer")
    masks = form.get("masks")
    if not isinstance(masks, list) or not all(isinstance(mask, dict) for mask in masks):
        raise ValueError("masks that are not a list of objects")
    check = tokens * tokens * len(masks) <= CHECKED
    return with_head(form, [_mask(mask, tokens, reading, check=check) for mask in masks], reading, step)


def with_head(form: dict[str, Any], masks: Sequence[Mask], reading: Reading, step: provenance.Step) -> MaskSequence:
    """The mask sequence of a head and its masks."""
    layers, labels, roles = form.get("layers"), form.get("labels"), form.get("roles", [])
    read_out, name = form.get("read_out", -1), form.get("name") or reading.name
    if not isinstance(layers, list) or not 0 < len(layers) <= MAX_LAYERS:
        raise ValueError("layers that are not a list of places in masks")
    if any(type(k) is not int or not 0 <= k < len(masks) for k in layers):
        raise ValueError(f"layers with other entries than 0 … {len(masks) - 1}")
    if labels is not None and not (isinstance(labels, list) and all(isinstance(s, str) for s in labels)):
        raise ValueError("labels that are not a list of text")
    if labels is not None and len(labels) != masks[0].tokens:
        raise ValueError(f"{len(labels)} labels for {masks[0].tokens} tokens")
    if not isinstance(roles, list) or any(type(role) is not int or not 0 <= role <= 2 for role in roles):
        raise ValueError("roles other than 0, 1 and 2")
    if type(read_out) is not int:
        raise ValueError("read_out that is not an integer")
    steps = provenance.loads(json.dumps(form.get("provenance", [])))
    return MaskSequence(
        tuple(masks[k] for k in layers),
        read_out,
        np.array(roles, dtype=np.int8),
        None if labels is None else tuple(labels),
        str(name),
        (*steps, step),
    )


def raw_weights(mask: Mask) -> NDArray[np.float64] | None:
    """(E,) weights, before rows are normalised, of what may be read, row by row; None where it reads uniformly."""
    if mask.weigh is None:
        return None
    parts = []
    for lo, hi in mask.blocks():
        i, j = np.arange(lo, hi)[:, None], np.arange(mask.tokens)[None, :]
        weights = np.broadcast_to(mask.weigh(i, j), (hi - lo, mask.tokens))
        parts.append(weights[mask.rows(lo, hi)].astype(np.float64))
    return np.concatenate(parts)


def check_room(tokens: int, count: int, reading: Reading) -> None:
    """Refuse masks that would fill more than half of the free memory."""
    if tokens * tokens * count > room():
        found, fix = f"{count} of {tokens} tokens", "use fewer tokens"
        raise LimitExceeded(f"masks that fit into {room()} bytes", found, fix, where=reading.where)


def _mask_object(mask: Mask) -> dict[str, Any]:
    form: dict[str, Any] = {}
    if _makes(mask):
        return {"spec": mask.name, "sha256": mask.digest.hex()}
    if mask.name:
        form["name"] = mask.name
    form |= _runs(mask)
    if (weight := raw_weights(mask)) is not None:
        form["weight"] = jsonarray.encode(weight, "weight")
    return form


def _makes(mask: Mask) -> bool:
    """Whether the name of a mask is a spec that makes it."""
    if not mask.name:
        return False
    from mixcli.generators.mask_spec import mask_of_layer

    try:
        return mask_of_layer(mask.name, mask.tokens).digest == mask.digest
    except MixcliError:
        return False


def _runs(mask: Mask) -> dict[str, Any]:
    rows: list[list[int]] = []
    count = 0
    for lo, hi in mask.blocks(2):
        edge = np.diff(np.pad(mask.rows(lo, hi).astype(np.int8), ((0, 0), (1, 1))), axis=1)
        row, key = np.nonzero(edge)
        rows += [part.tolist() for part in np.split(key, np.searchsorted(row, np.arange(1, hi - lo)))]
        count += len(key)
    if count * RUN_BYTES // 2 > max(READABLE, mask.tokens * mask.tokens // 6):
        return {"bits": jsonarray.encode(np.packbits(mask.array, axis=1), "bits")}
    return {"rows": rows}


def _mask(form: dict[str, Any], tokens: int, reading: Reading, *, check: bool) -> Mask:
    if "spec" in form:
        return _made(form, tokens, reading, check=check)
    check_room(tokens, 1, reading)
    if "rows" in form:
        visible = _from_runs(form["rows"], tokens)
    elif "bits" in form:
        bits = jsonarray.decode(form["bits"], "bits")
        if bits.dtype != np.uint8 or bits.shape != (tokens, -(-tokens // 8)):
            raise ValueError(f"bits of {bits.dtype} and shape {bits.shape} for {tokens} tokens")
        visible = np.unpackbits(bits, axis=1, count=tokens).astype(bool)
    else:
        raise ValueError("a mask without spec, rows or bits")
    weight = None
    if form.get("weight") is not None:
        check_room(tokens, 9, reading)
        values = jsonarray.decode(form["weight"], "weight")
        if values.dtype.kind not in "iuf" or values.shape != (np.count_nonzero(visible),):
            raise ValueError(f"weight of shape {values.shape} for {np.count_nonzero(visible)} pairs")
        weight = np.zeros((tokens, tokens))
        weight[visible] = values
        if not (weight.sum(axis=1) > 0).all():
            raise ValueError("weights that sum to 0 in a row")
    return Mask.of(visible, weight, str(form.get("name", "")))


def _made(form: dict[str, Any], tokens: int, reading: Reading, *, check: bool) -> Mask:
    from mixcli.generators.mask_spec import mask_of_layer

    if not isinstance(form["spec"], str):
        raise ValueError("a spec that is not text")
    try:
        mask = mask_of_layer(form["spec"], tokens)
    except UsageError as error:  # what is wrong is the file, not the command
        raise reading.error(error.expected, error.found, error.fix) from error
    if check and form.get("sha256") not in (None, mask.digest.hex()):
        fix = "it was made by another version; write it again as npz"
        raise reading.error(f"the mask {form['spec']} that was written", "another one", fix)
    return mask


def _from_runs(rows: Any, tokens: int) -> NDArray[np.bool_]:
    if not isinstance(rows, list) or len(rows) != tokens or not all(isinstance(row, list) for row in rows):
        raise ValueError(f"rows that are not {tokens} lists")
    flat = list(itertools.chain.from_iterable(rows))
    if any(type(end) is not int or not 0 <= end <= tokens for end in flat):
        raise ValueError(f"runs with other ends than 0 … {tokens}")
    lengths = np.array([len(row) for row in rows])
    ends, row = np.array(flat, dtype=np.int64), np.repeat(np.arange(tokens), lengths)
    rising = (np.diff(ends) > 0) | (np.diff(row) > 0)
    if (lengths % 2).any() or not rising.all():
        raise ValueError("runs that are not pairs of rising ends")
    edge = np.zeros((tokens, tokens + 1), dtype=np.int8)
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    edge[row, ends] = 1 - 2 * ((np.arange(len(ends)) - first[row]) % 2)
    return np.cumsum(edge, axis=1, dtype=np.int8)[:, :tokens].astype(bool)
