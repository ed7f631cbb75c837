"""Where graphs and token sequences come from: a path, a pipe, the zoo, a mask or a dataset, all as one stream.

PATH             a file; format from its suffix, else from its content: a graph, or attention as a network saves it
-                standard input, sniffed
zoo:FAMILY:…     a graph family, `zoo:barbell:k=5`
pyg:CLASS/NAME   a dataset of torch_geometric, `pyg:Planetoid/Cora`
task:SPEC        the graph of a synthetic task, `task:ring_transfer:n=10`
mask:SPEC        tokens and who may read whom in each layer, `mask:window:16,tokens=256,layers=6`
hf:PATH          attention of a transformer in a local folder on a text (`text=…`)
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from mixcli.catalog import GRAPHS
from mixcli.errors import InputError, LimitExceeded, UsageError
from mixcli.graph import Graph
from mixcli.io.attention_options import AttentionOptions, queries
from mixcli.io.base import Convention
from mixcli.limits import Limits
from mixcli.provenance import Step
from mixcli.sequence import Attention, MaskSequence, TokenGraph
from mixcli.spec import build, nearest, param, parse

__all__ = ["SourceOptions", "format_of_source", "load", "load_all", "load_any", "load_sequence", "save"]

SCHEMES = ("zoo", "pyg", "mask", "task", "hf")


@dataclass(frozen=True)
class SourceOptions:
    """What the user said about the sources.

    Args:
        format: catalog name of the format, overriding suffix and content.
        directed: keep (True) or forget (False) directions; None follows the file.
        weighted: False leaves weights unread.
        data_root: folder of the datasets.
        mask_tokens: tokens of a mask spec that does not say; None for 256.
        mask_layers: layers of a mask spec that does not say; None for 6.
        mask_convention: what True means in boolean mask files; None finds out, where only one reading makes sense.
        limits: what making a graph or a mask from its name may use; None for what holds where nobody says.
        attention: layers, heads, query and rows of attention files.
    """

    format: str | None = None
    directed: bool | None = None
    weighted: bool = True
    data_root: str | os.PathLike[str] | None = None
    mask_tokens: int | None = None
    mask_layers: int | None = None
    mask_convention: Convention | None = None
    limits: Limits | None = None
    attention: AttentionOptions = field(default_factory=AttentionOptions)


def load(source: str | os.PathLike[str], **options: Any) -> Graph:
    """The one graph of a source.

    Args:
        source: a path, `zoo:…` or `pyg:…`.
        options: fields of `SourceOptions`.

    Raises:
        InputError: the source cannot be read, or does not hold exactly one graph.

    Example:
        >>> load("zoo:barbell:k=5")
        Graph('barbell:k=5', n=10, m=21)
    """
    graphs = load_all(source, **options)
    first = next(graphs, None)
    if first is None:
        raise InputError("a graph", "none", where=str(source))
    if next(graphs, None) is not None:
        raise InputError("one graph", "several", "use mixcli.load_all", where=str(source))
    return first


def load_sequence(source: str | os.PathLike[str], **options: Any) -> TokenGraph:
    """The one mask sequence or attention of a source.

    Args:
        source: `mask:…`, or a path.
        options: fields of `SourceOptions`.

    Raises:
        InputError: the source cannot be read, holds a graph, or does not hold exactly one of what is looked for.

    Example:
        >>> load_sequence("mask:window:4,tokens=24,layers=3")
        MaskSequence('window:4,tokens=24,layers=3', tokens=24, layers=3)
    """
    found = list(itertools.islice(load_any(source, **options), 2))
    if len(found) != 1:
        raise InputError("one mask sequence or attention", "several" if found else "none", where=str(source))
    if isinstance(found[0], Graph):
        raise InputError("a mask sequence or attention", "a graph", "use mixcli.load", where=str(source))
    return found[0]


def load_all(
    source: str | os.PathLike[str],
    *,
    stdin: BinaryIO | None = None,
    options: SourceOptions | None = None,
    **fields: Any,
) -> Iterator[Graph]:
    """The graphs of a source, one at a time.

    Args:
        source: a path, "-", `zoo:…` or `pyg:…`.
        stdin: what "-" reads; default the process's standard input.
        options: what is known about the source.
        fields: the same, as keyword arguments.

    Raises:
        InputError: the source cannot be read, or holds tokens, not nodes.

    Example:
        >>> [g.n for g in load_all("zoo:path:n=3")]
        [3]
    """
    for thing in load_any(source, stdin=stdin, options=options, **fields):
        if not isinstance(thing, Graph):
            raise InputError("a graph", repr(thing), "use mixcli.load_sequence", where=str(source))
        yield thing


def load_any(
    source: str | os.PathLike[str],
    *,
    stdin: BinaryIO | None = None,
    options: SourceOptions | None = None,
    **fields: Any,
) -> Iterator[Graph | TokenGraph]:
    """Whatever a source holds, one at a time.

    Args:
        source: a path, "-", `zoo:…`, `pyg:…` or `mask:…`.
        stdin: what "-" reads; default the process's standard input.
        options: what is known about the source.
        fields: the same, as keyword arguments; those of `AttentionOptions` too.

    Raises:
        InputError: the source cannot be read.

    Example:
        >>> [thing.tokens for thing in load_any("mask:causal:tokens=8")]
        [8]
    """
    chosen = options or SourceOptions()
    own = {key: value for key, value in fields.items() if hasattr(chosen, key)}
    heads = {key: value for key, value in fields.items() if key not in own}
    chosen = dataclasses.replace(chosen, **own)
    chosen = dataclasses.replace(chosen, attention=dataclasses.replace(chosen.attention, **heads))
    return _asked(_things(os.fspath(source), stdin, chosen), chosen.attention, os.fspath(source))


def _things(text: str, stdin: BinaryIO | None, chosen: SourceOptions) -> Iterator[Graph | TokenGraph]:
    """Whatever a source holds, as it is."""
    if not text:
        raise InputError("the name of a source", "an empty one", "name a file, zoo:…, pyg:… or mask:…, or - for stdin")
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "zoo":
        return iter([_zoo(rest, chosen.limits)])
    if colon and scheme == "task":
        from mixcli.training.tasks.benchmark import source_of

        return iter([source_of(rest, chosen.limits)])
    if colon and scheme == "mask":
        from mixcli.generators.mask_spec import sequence_of

        options = (chosen.mask_tokens, chosen.mask_layers, chosen.mask_convention, chosen.limits)
        return iter([sequence_of(rest, *options)])
    if colon and scheme == "hf":
        from mixcli.io import hf

        return hf.read(rest, chosen.attention)
    if chosen.attention.text is not None:
        raise UsageError("hf:FOLDER for --text", text, "leave the option out", where="--text")
    if colon and scheme == "pyg":
        from mixcli.io import pyg_datasets

        return _directions(pyg_datasets.load(rest, chosen.data_root), chosen)
    if colon and not Path(text).exists() and _looks_like_scheme(scheme):
        hint = nearest(scheme, SCHEMES) or "known schemes: zoo:, pyg:, mask:, task:, hf:"
        raise UsageError("a path, '-' or a scheme", f"{scheme}:", hint, where=text)
    from mixcli.io import stream
    from mixcli.io.attention_source import attention_or

    where: Path | BinaryIO = (stdin or sys.stdin.buffer) if text == "-" else Path(text)
    name = "stdin" if text == "-" else Path(text).name
    attention, where, keep = attention_or(where, chosen.attention, format=chosen.format, name=name * (text == "-"))
    if attention is not None:
        return attention
    read = stream.read(
        where, format=chosen.format, directed=chosen.directed, weighted=chosen.weighted, name=name,
        convention=chosen.mask_convention,
    )  # fmt: skip
    return _kept(map(_noted, read), keep)


def _asked(things: Iterator[Graph | TokenGraph], options: AttentionOptions, where: str) -> Iterator[Graph | TokenGraph]:
    """The things, those without heads checked against options that mean heads; masks from the query that is asked."""
    from mixcli.io.attention_source import refuse

    for thing in things:
        if isinstance(thing, Attention):
            yield thing
            continue
        refuse(options, "a graph" if isinstance(thing, Graph) else "a mask sequence", where)
        if isinstance(thing, MaskSequence) and options.query is not None:
            yield from (thing.replace(read_out=place) for place in queries(options.query, thing.tokens))
        elif options.query is not None:
            raise UsageError("tokens for --query", "a graph", "leave the option out", where=where)
        else:
            yield thing


def _kept(things: Iterator[Graph | TokenGraph], temporary: Any) -> Iterator[Graph | TokenGraph]:
    """The things, with the temporary file that they come from kept until the last."""
    yield from things
    del temporary


def save(
    graphs: Graph | TokenGraph | Iterable[Graph | TokenGraph],
    target: str | os.PathLike[str],
    *,
    format: str | None = None,
    force: bool = False,
) -> list[str]:
    """Write graphs or mask sequences to a file, atomically.

    Args:
        graphs: one or several.
        target: the file; its suffix names the format unless `format` does.
        format: catalog name of the format.
        force: replace an existing file.

    Returns:
        What the format could not hold, in words.
    """
    from mixcli.io import stream

    things = [graphs] if isinstance(graphs, (Graph, MaskSequence, Attention)) else graphs
    return stream.write(things, Path(target), format=format, force=force)


def format_of_source(graph: Graph) -> str | None:
    """Catalog name of the format a graph was read from, or None for one that was made."""
    return graph.origin.spec if graph.origin is not None and graph.origin.op == "read" else None


def _noted(thing: Graph | TokenGraph) -> Graph | TokenGraph:
    return _counted(thing) if isinstance(thing, Graph) else thing


def _counted(graph: Graph) -> Graph:
    """The graph with what its reading left to be seen counted too: isolated nodes, and names kept as labels."""
    found = {"isolated": int((graph.degree == 0).sum()), "named_nodes": 0 if graph.labels is None else graph.n}
    found = {k: count for k, count in found.items() if count}
    if not found or graph.origin is None:
        return graph
    step = dataclasses.replace(graph.origin, notes={**graph.origin.notes, **found})
    return graph.replace(provenance=tuple(step if s is graph.origin else s for s in graph.provenance))


def _zoo(text: str, limits: Limits | None) -> Graph:
    spec = parse(text)
    family = GRAPHS.get(spec.name)
    signature = inspect.signature(family)
    types = {"int": int, "float": float}
    fields = [(p.name, types[p.annotation], param(p.default, "")) for p in signature.parameters.values()]
    arguments = dataclasses.asdict(build(dataclasses.make_dataclass(spec.name, fields), spec))
    within = getattr(family, "within", None)  # families of other packages need not forecast their size
    try:
        graph: Graph = family(**arguments) if within is None else within(limits, **arguments)
    except LimitExceeded as error:
        raise error.at(f"zoo:{text}") from None
    return graph.replace(name=str(spec)).with_step(Step("generate", f"zoo:{spec}"))


def _directions(graphs: Iterator[Graph], options: SourceOptions) -> Iterator[Graph]:
    for graph in graphs:
        yield graph.undirected() if options.directed is False else graph


def _looks_like_scheme(word: str) -> bool:
    return len(word) > 1 and word.isalpha() and word.islower()
