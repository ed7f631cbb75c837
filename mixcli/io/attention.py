"""Attention files, `.pt`, `.safetensors`, `.npz` and `.npy`: recognised, checked, and read a head at a time.

Before anything is measured every head taken is looked at once (`mixcli.numerics.attention_rows`): padding is cut off,
what rows lack is resolved by `--row-sum`, and what was found stands in the notes of the reading.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mixcli.errors import InputError, UsageError
from mixcli.io.attention_layout import (
    heads_of,
    is_attention,
    layers_of,
    looks_like_mask,
    names_attention,
    rows_of,
    skipped,
    states_of,
)
from mixcli.io.attention_npy import npy_part, npz_parts
from mixcli.io.attention_options import AttentionOptions, queries, select
from mixcli.io.attention_parts import epsilon
from mixcli.io.attention_pt import holds_graphs, pt_tree
from mixcli.io.attention_resolved import resolved
from mixcli.io.attention_safetensors import safetensors_parts
from mixcli.io.attention_store import StoredHeads
from mixcli.io.attention_tokens import labels_of, labels_of_file
from mixcli.io.attention_write import SCHEMA
from mixcli.io.base import Reading
from mixcli.io.safe_load import MAGIC, MODEL_OUTPUT
from mixcli.limits import Limits
from mixcli.numerics.attention_rows import padding, survey
from mixcli.provenance import Step, loads
from mixcli.sequence import SINK, Attention

__all__ = ["FORMATS", "Opened", "opened", "read"]

FORMATS = ("attention", "safetensors")
"""What `--from` calls attention files."""
NPY = b"\x93NUMPY"
ENTRY = 16
"""Bytes that an entry of a head takes while it is looked at."""


@dataclass(frozen=True)
class Opened:
    """A file that holds attention, of which only headers have been read.

    Args:
        path: the file.
        format: "pt", "safetensors", "npz" or "npy".
        tree: parts in dicts and lists.
        about: what mixcli wrote into the file beside the arrays.
        sha256: digest of the source, where the file is a copy of it.
        reading: for messages.
    """

    path: Path
    format: str
    tree: Any
    about: dict[str, Any]
    sha256: str | None
    reading: Reading = field(repr=False)


def opened(path: Path, *, format: str | None = None, name: str = "", sha256: str | None = None) -> Opened | None:
    """The attention file at a path; None where it is something else.

    Args:
        path: a file.
        format: what `--from` says; one of `FORMATS` takes matrices for attention too.
        name: what to call it in messages.
        sha256: digest of what the file was made of, where it is a copy.

    Raises:
        InputError: it is said to be attention and is not, or nothing can be made of it.
    """
    forced = format in FORMATS
    if not path.is_file() or (format is not None and not forced):
        if forced:
            raise InputError("a file", "none of this name", "check the path", where=str(path))
        return None
    reading = Reading(name or path.name, folder="" if name else str(path).removesuffix(path.name))
    with path.open("rb") as file:
        head = file.read(max(map(len, MAGIC)))
    kind = _kind(path, head)
    if kind is None or (kind == "pt" and not forced and holds_graphs(path)):
        if forced:
            fix = "save attention as .pt, .safetensors, .npz or .npy"
            raise reading.error("an attention file", "other bytes", fix)
        return None
    try:
        tree, text = _tree(kind, path, reading)
    except InputError as error:
        if forced or kind == "safetensors" or error.fix == MODEL_OUTPUT or (kind == "npz" and _names_attention(path)):
            raise
        return None  # the readers of graphs say what is wrong with it
    about = _about(text)
    if forced or kind == "safetensors" or about or (is_attention(tree) and not _mask(tree, reading)):
        return Opened(path, kind, tree, about, sha256, reading)
    return None


def read(file: Opened, options: AttentionOptions, keep: Any = None) -> Iterator[Attention]:
    """The attention of a file: one, or one for each query of `--query a:b`.

    Args:
        file: what `opened` gave.
        options: layers, heads, query, row sums.
        keep: what must live as long as the file is read.

    Raises:
        InputError: NaN, rows of more than 1, or of less where that is not wanted.
        UsageError: layers, heads, a sample or a query that is not there.
    """
    try:
        yield from _read(file, options, keep)
    except UsageError as error:
        raise error.at(file.reading.where) from None


def _read(file: Opened, options: AttentionOptions, keep: Any) -> Iterator[Attention]:
    reading, sample = file.reading, options.sample
    layers = layers_of(file.tree, sample, reading)
    tokens = layers[0][-1].keys
    if any(layer[-1].keys != tokens for layer in layers):
        found = ", ".join(str(layer[-1].keys) for layer in layers[:5])
        raise reading.error("one length for all layers", found, "save layers of one text")
    chosen = select(options.heads, options.layers, [heads_of(layer) for layer in layers])
    states = _states(file, options, tokens)
    labels = labels_of_file(Path(options.tokens), tokens, sample) if options.tokens is not None else None
    labels = labels or labels_of(file.tree, tokens, sample, reading) or labels_of(file.about, tokens, None, reading)

    def raw(layer: int, head: int) -> Any:
        return rows_of(layers[layer], head)

    Limits().check(f"a head of {tokens} tokens", memory=ENTRY * tokens**2, instead="save fewer tokens")
    lo, hi = padding(raw, chosen, tokens)
    seen = survey(raw, chosen, lo, hi, lambda layer: epsilon(layers[layer][0].part.dtype))
    sink, notes = resolved(seen, options.row_sum, (lo, tokens - hi), reading)
    if others := skipped(file.tree):
        notes["layers"] = f"stored as {', '.join(map(str, others))}, counted from 0 here"
    sha256 = file.sha256 or _digest(file.path)
    store = StoredHeads(tuple(layers), tuple(states), sha256, lo, hi, sink, seen, keep)
    about = file.about if len(file.about.get("roles", ())) == tokens and (lo, hi) == (0, tokens) and not sink else {}
    fields: dict[str, Any] = {
        "selection": chosen,
        "merge": options.merge,
        "name": reading.name,
        "roles": np.array([SINK] + [0] * (hi - lo) if sink else about.get("roles", ()), np.int8),
        "provenance": (
            *loads(json.dumps(file.about.get("provenance"))),
            Step("read", file.format, None, sha256, notes),
        ),
    }
    if labels is not None:
        fields["labels"] = (*("(sink)",) * sink, *labels[lo:hi])
    if options.query is None or options.query.strip() == "last":
        read_out = about.get("read_out", -1) if options.query is None else -1
        yield Attention(store, read_out=read_out if isinstance(read_out, int) else -1, **fields)
        return
    for place in queries(options.query, tokens):
        if not lo <= place < hi:
            raise UsageError(f"a token from {lo} to {hi - 1}", f"{place}, which is padding", where="--query")
        yield Attention(store, read_out=place - lo + sink, **fields)


def _names_attention(path: Path) -> bool:
    """Whether an archive that is damaged was one of attention."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(names_attention(name.removesuffix(".npy")) for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _mask(tree: Any, reading: Reading) -> bool:
    """Whether what could be attention by its shape is a mask by its values."""
    try:
        layers = layers_of(tree, 0, reading)
        return Limits().allows(memory=ENTRY * layers[0][-1].keys ** 2) and looks_like_mask(layers)
    except (InputError, UsageError):
        return False  # reading it says what is wrong


def _kind(path: Path, head: bytes) -> str | None:
    if path.suffix.lower() == ".safetensors":
        return "safetensors"
    if head.startswith(NPY):
        return "npy"
    if head.startswith(MAGIC[1]):
        return "pt"
    if not head.startswith(MAGIC[0]):
        from mixcli.io.attention_safetensors import looks_like

        return "safetensors" if looks_like(head) and path.suffix == "" else None
    suffix = path.suffix.lower()
    if suffix in (".npz", ".pt", ".pth"):
        return "npz" if suffix == ".npz" else "pt"
    with path.open("rb") as file:
        start = file.read(512)
    length = int.from_bytes(start[26:28], "little")
    return "npz" if start[30 : 30 + length].endswith(b".npy") else "pt"


def _tree(kind: str, path: Path, reading: Reading) -> tuple[Any, Any]:
    """Parts in dicts and lists, and the text that mixcli wrote beside them."""
    if kind == "safetensors":
        parts, metadata = safetensors_parts(path, reading)
        return parts, metadata.get("mixcli")
    if kind == "npy":
        return npy_part(path, reading), None
    if kind == "npz":
        members = npz_parts(path, reading)
        text = members.pop("mixcli", None)
        return members, str(text.take()) if text is not None and text.shape == () else None
    tree = pt_tree(path, reading)
    return tree, tree.get("mixcli") if isinstance(tree, dict) else None


def _about(text: Any) -> dict[str, Any]:
    """What mixcli wrote beside the arrays; nothing where that is damaged, for it must never stop a read."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return {}
    roles = found.get("roles")
    good = isinstance(roles, list) and all(role in (0, 1, 2) for role in roles)
    return {**found, "roles": roles if good else []}


def _states(file: Opened, options: AttentionOptions, tokens: int) -> list[Any]:
    reading, tree = file.reading, file.tree if isinstance(file.tree, dict) else {}
    if options.hidden is not None:
        path = Path(options.hidden)
        reading = Reading(path.name, folder=str(path).removesuffix(path.name))
        if not path.is_file():
            raise InputError("a file of hidden states", "none of this name", "check the path", where=str(path))
        with path.open("rb") as beside:
            kind = _kind(path, beside.read(max(map(len, MAGIC))))
        if kind is None:
            raise reading.error(
                "a file of hidden states", "other bytes", "save them as .pt, .safetensors, .npz or .npy"
            )
        tree = _tree(kind, path, reading)[0]
    states = states_of(tree, options.sample, reading)
    if options.hidden is not None and not states:
        raise reading.error("hidden states", "none", "name them hidden_states.0, hidden_states.1 …")
    roles = file.about.get("roles", [])
    front = roles.count(SINK) if len(roles) == tokens else 0
    for state in states:
        rows = sum(part.shape[-2] for part, _ in state)
        if rows not in (tokens, tokens - front):  # a virtual token has no hidden state
            raise reading.error(f"hidden states of {tokens} tokens", str(rows), "save both for one text")
    return states


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
