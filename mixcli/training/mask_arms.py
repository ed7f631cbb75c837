"""Arms of a comparison over masks: mask sequences as given, rewired, or replaced by another family."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from mixcli.catalog import MASKS, SEQUENCE_MEASURES, SEQUENCE_REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.sequence import REAL, MaskSequence
from mixcli.spec import nearest, parse, spec_of
from mixcli.training.arms import NONE, Arm
from mixcli.training.mask_topology import mask_topology
from mixcli.training.tasks.reach import Reach

__all__ = ["make_mask_arms", "mask_arm_spec"]

RESISTANCE_TOKENS = 2048
"""Most tokens for which the layered resistance is reported beside the arms."""


def mask_arm_spec(text: str) -> str:
    """The full spelling of an arm over masks: "none", a rewiring, or `mask:SPEC` for another mask altogether.

    A name that both a rewiring and a family have is the rewiring.

    Raises:
        UsageError: neither a rewiring nor a family of masks.

    Example:
        >>> mask_arm_spec("strided:5")
        'mask:strided:5'
    """
    parsed = parse(text)
    if parsed.name == NONE:
        if parsed.values or parsed.options:
            raise UsageError("none without parameters", repr(text), "drop them", where="--arm")
        return NONE
    if parsed.name == "mask":
        return text
    if parsed.name in SEQUENCE_REWIRINGS:
        return spec_of(SEQUENCE_REWIRINGS.canonical(parsed.name), SEQUENCE_REWIRINGS.make(parsed))
    if parsed.name in MASKS:
        return f"mask:{text}"
    known = [*SEQUENCE_REWIRINGS, *(n for n in MASKS if n not in SEQUENCE_REWIRINGS)]
    fix = nearest(parsed.name, known) or f"one of: {', '.join(known)}"
    raise UsageError("none, a rewiring of masks or a mask family", repr(parsed.name), fix, where="--arm")


def make_mask_arms(sources: Mapping[str, Sequence[MaskSequence]], specs: Sequence[str], context: Context) -> list[Arm]:
    """Every source under every arm, the first source's first.

    Args:
        sources: one mask sequence by source name.
        specs: what `mask_arm_spec` takes.
        context: seed, limits.

    Raises:
        UsageError: an unknown arm.
        InputError: several sequences in one source, or sources of different length or depth.
        NotApplicable: too few tokens.
    """
    full = [mask_arm_spec(s) for s in specs]
    arms: list[Arm] = []
    task: Reach | None = None
    for source, sequences in sources.items():
        if len(sequences) != 1:
            raise InputError("one mask sequence a source", f"{len(sequences)}", "give each as its own", where=source)
        sequence = sequences[0]
        task = task or Reach.of(sequence, source)
        _check(task, sequence, source)
        for spec in full:
            name = spec if len(sources) == 1 else source if spec == NONE else f"{source} + {spec}"
            count = sum(a.name == name or a.name.startswith(f"{name} #") for a in arms)
            arms.append(_arm(f"{name} #{count + 1}" if count else name, spec, task, sequence, context))
    return arms


def _check(task: Reach, sequence: MaskSequence, source: str) -> None:
    real = int(np.count_nonzero(sequence.roles == REAL))
    if (real, sequence.depth) != (task.tokens, task.layers):
        wanted = f"{task.tokens} tokens and {task.layers} layers, as in {task.name}"
        fix = "give all masks the same tokens=… and layers=…"
        raise InputError(wanted, f"{real} and {sequence.depth}", fix, where=source)


def _arm(name: str, spec: str, task: Reach, sequence: MaskSequence, context: Context) -> Arm:
    began = time.perf_counter()
    added = removed = 0
    after = sequence
    if spec.startswith("mask:"):
        after = sequence_of(spec.removeprefix("mask:"), sequence.tokens, sequence.depth)
        _check(task, after, spec)
        added, removed = _difference(sequence, after)
    elif spec != NONE:
        after = SEQUENCE_REWIRINGS.make(spec)(sequence, context).sequence
        added, removed = _difference(sequence, after)
    seconds = time.perf_counter() - began
    edges = sum(after.layers[layer].edges for layer in range(after.depth))
    steps = tuple(step.to_json() for step in after.provenance)
    topology = mask_topology(after, _resistance(after, context))
    return Arm(name, spec, task, topology, edges, added, removed, seconds, steps)


def _difference(before: MaskSequence, after: MaskSequence) -> tuple[int, int]:
    """Pairs (query, key), summed over layers, that `after` has more and less; those of new tokens are more."""
    added = removed = 0
    real = np.flatnonzero(after.roles == REAL) if after.tokens > before.tokens else np.arange(before.tokens)
    kept = np.flatnonzero(before.roles == REAL) if after.tokens > before.tokens else real
    for layer in range(before.depth):
        new = after.visible(layer)
        old = np.zeros_like(new)
        old[np.ix_(real, real)] = before.visible(layer)[np.ix_(kept, kept)]
        added += int(np.count_nonzero(new & ~old))
        removed += int(np.count_nonzero(old & ~new))
    return added, removed


def _resistance(sequence: MaskSequence, context: Context) -> float | None:
    """Layered resistance between the first real token and the read-out; None where there is no walk."""
    if sequence.tokens > RESISTANCE_TOKENS:
        return None
    found = SEQUENCE_MEASURES.make("resistance_layered")(sequence, context)
    value = float(np.asarray(found.data)[np.flatnonzero(sequence.roles == REAL)[0]])
    return value if np.isfinite(value) else None
