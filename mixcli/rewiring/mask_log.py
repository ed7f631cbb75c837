"""The log of a mask rewiring: JSON lines, one for each edit, from which it can be made again.

Every line has `op`, `layer` (null: all), `query`, `key`, `score`, `step`, `reason` and `sequence`, the place of its
masks in the stream; tokens that have names also `query_label` and `key_label`. The first line of each sequence also
says by which `method`, `seed` and `version` it was made, `before`, the fingerprint of what it was made for, and how
many tokens were put in (`tokens_added`), if any; op "none" stands for a sequence that got no edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixcli import __version__
from mixcli.errors import InputError
from mixcli.rewiring.log_lines import Row, check_whole, log_bytes, log_lines
from mixcli.rewiring.mask_edits import MaskEdit

if TYPE_CHECKING:
    from mixcli.rewiring.sequence_base import RewiredSequence

__all__ = ["LoggedMasks", "mask_log_rows", "read_mask_log"]

OPS = ("add", "remove", "none")


def mask_log_rows(result: RewiredSequence, index: int) -> Iterator[Row]:
    """The lines of one sequence.

    Args:
        result: the sequence before and after, with its edits.
        index: place of the sequence in its stream.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> from mixcli.rewiring.sequence_base import rewire_sequence
        >>> found = rewire_sequence(sequence_of("window:2,tokens=4,layers=2"), "offsets:3")
        >>> [(row["op"], row["query"], row["key"], row["method"]) for row in mask_log_rows(found, 0)]
        [('add', 3, 0, 'offsets:3')]
    """
    step, labels = result.sequence.provenance[-1], result.base.labels
    facts: Row = {"method": step.spec, "version": __version__, "before": result.base.fingerprint}
    facts |= {} if step.seed is None else {"seed": step.seed}
    added = result.sequence.tokens - result.base.tokens
    facts |= {"tokens_added": added} if added else {}
    if not result.edits:
        yield {"op": "none", "step": 0, "reason": "no edit", "sequence": index} | facts
    for place, edit in enumerate(result.edits):
        row = {**edit._asdict(), "sequence": index}
        if labels is not None:
            row |= {"query_label": labels[edit.query], "key_label": labels[edit.key]}
        yield row if place else row | facts


@dataclass
class LoggedMasks:
    """What a log says of one sequence.

    Args:
        edits: the edits, in order.
        before: fingerprint of what they were made for, or None in a log that does not say.
        method: what made them.
        tokens_added: tokens that it put in, which is no edit.
    """

    edits: list[MaskEdit] = field(default_factory=list)
    before: str | None = None
    method: str = ""
    tokens_added: int = 0


def read_mask_log(file: str) -> dict[int, LoggedMasks]:
    """Place in the stream -> what a log says of that sequence.

    Raises:
        InputError: it cannot be read, with the line at fault.
    """
    found: dict[int, LoggedMasks] = {}
    for number, row in log_lines(log_bytes(file), file, OPS):
        _check(row, f"{file}:{number}")
        known = found.setdefault(row.get("sequence", 0), LoggedMasks())
        if row["op"] != "none":
            score, reason = row.get("score") or 0.0, str(row.get("reason", ""))
            known.edits.append(
                MaskEdit(row["op"], row.get("layer"), row["query"], row["key"], score, row.get("step", 0), reason)
            )
        if "before" in row:
            known.before, known.method = str(row["before"]), str(row.get("method", ""))
            known.tokens_added = row.get("tokens_added", 0)
    return found


def _check(row: Row, where: str) -> None:
    needed = () if row["op"] == "none" else ("query", "key")
    optional = [key for key in ("step", "sequence", "layer", "tokens_added") if row.get(key) is not None]
    for key in (*needed, *optional):
        check_whole(key, row.get(key), where, "give a log of masks" if "u" in row else "correct this line")
    if row.get("score") is not None and type(row["score"]) not in (int, float):
        raise InputError("score, a number", repr(row["score"]), "correct this line", where=where)
