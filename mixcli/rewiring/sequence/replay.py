"""Edits of masks that were made before, made again or taken back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.errors import InputError, NotApplicable
from mixcli.rewiring.mask_edits import apply_mask_edits
from mixcli.rewiring.mask_log import read_mask_log
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.rewiring.mask_log import LoggedMasks
    from mixcli.sequence import MaskSequence

__all__ = ["ReplayMasks"]


@dataclass(frozen=True)
class ReplayMasks(SequenceRewiring):
    """Make the edits of a log again, on the masks they were made for, or undo them.

    The log is what `mixcli rewire --log` writes of masks. Every edit is tried before the first is made. The log says
    which masks it was made for and is not applied to others unless `check` is false. Undoing takes the edits back from
    the last to the first, on the masks that came of them; masks that differ from layer to layer where an edit of all
    layers met them come back only where every layer lacked the pair.

    Args:
        file: the log.
        sequence: place of the masks in the stream that the log was made from; none: their place in the present one.
        undo: take the edits back.
        check: refuse other masks than those that the log was made for.

    Yields:
        The edits of the log, with their scores and reasons.

    Raises:
        InputError: the log cannot be read, or an edit is not possible on these masks.
        NotApplicable: the log was made for other masks, or by a method that puts tokens in.

    Cost: O(k) for k edits, and T² bytes.

    Example:
        >>> import json, tempfile
        >>> from pathlib import Path
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "log.jsonl").write_text(json.dumps({"op": "add", "query": 3, "key": 0}))
        ...     ReplayMasks(f"{folder}/log.jsonl")(sequence_of("window:2,tokens=4,layers=2")).added
        1

    Source: ours.
    """

    file: str = param("", "log of edits, as --log writes it")
    sequence: int | None = param(None, "place of the masks in the log's stream; none: as they come", ge=0)
    undo: bool = param(False, "take the edits back, the last one first")
    check: bool = param(True, "refuse masks other than those the log was made for")

    causal: ClassVar[bool] = False
    cost: ClassVar[str] = "O(k) for k edits"
    equation: ClassVar[str] = "M' = e_k(… e_2(e_1(M))), e_1 … e_k the lines of the log"
    cites: ClassVar[str] = "ours"
    score: ClassVar[str] = "as in the log"

    def at(self, index: int) -> SequenceRewiring:
        return self if self.sequence is not None else dataclasses.replace(self, sequence=index)

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        logged = self._logged()
        edits = logged.edits
        if self.undo:
            back = [edit._replace(op="remove" if edit.op == "add" else "add") for edit in reversed(edits)]
            edits = [edit._replace(step=step, reason=f"undoes: {edit.reason}") for step, edit in enumerate(back)]
        if self.check and not self.undo:
            self._same(logged, tokens.fingerprint, tokens.name)
        try:
            after = apply_mask_edits(tokens, edits)
        except InputError as error:
            raise error.at(self.file) from None
        if self.check and self.undo:
            self._same(logged, after.fingerprint, tokens.name)
        yield from edits

    def _logged(self) -> LoggedMasks:
        if not self.file:
            raise NotApplicable("a log of edits", "none", "name its file: replay:edits.jsonl")
        log = read_mask_log(self.file)
        logged = log.get(self.sequence or 0)
        if logged is None:
            raise NotApplicable(f"lines for sequence {self.sequence} of the stream", "none", where=self.file)
        if logged.tokens_added:
            found = f"{logged.tokens_added} tokens put in by {logged.method}"
            raise NotApplicable("a log of edits alone", found, f"use {logged.method} itself", where=self.file)
        return logged

    def _same(self, logged: LoggedMasks, fingerprint: str, name: str) -> None:
        if logged.before is not None and logged.before != fingerprint:
            wanted = "that came of" if self.undo else "that were given to"
            raise NotApplicable(
                f"the masks {wanted} {logged.method} (fingerprint {logged.before[:12]})",
                f"others (fingerprint {fingerprint[:12]})",
                "give those masks, or check=false to make the edits all the same",
                where=f"{name}: {self.file}" if name else self.file,
            )
