"""Remarks on standard error: what the log says, and what reading a source changed."""

import logging
from collections.abc import Callable

__all__ = ["Notes", "words"]


ONE = {"s": "", "v": "s", "their": "its"}
MANY = {"s": "s", "v": "", "their": "their"}
WORDS = {
    "self_loops": "{} self-loop{s} left out",
    "parallel_edges": "{} parallel edge{s} merged",
    "both_directions": "{} edge{s} listed in both directions",
    "one_direction": "{} edge{s} listed in one direction only",
    "weights_averaged": "{} edge{s} with a different weight each way, averaged",
    "zero_weight": "{} edge{s} of weight 0 left out",
    "no_edges": "no edges in the file",
    "isolated": "{} isolated node{s}",
    "named_nodes": "{} node{s} keep{v} {their} name{s}",
}
"""How a reader's counts are told; other notes are told by their names."""


class Notes(logging.Handler):
    """Log records as plain lines on standard error, each once: measures that share work share what it has to say.

    Args:
        line: writes one.
    """

    def __init__(self, line: Callable[[str], None]) -> None:
        super().__init__()
        self.line = line
        self.told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write what a record says, unless it has been said."""
        text = record.getMessage()
        if text not in self.told:
            self.told.add(text)
            self.line(f"mixcli: {text}")


def words(key: str, value: object) -> str:
    """What a reader did, in words.

    Args:
        key: of its notes.
        value: how often, or what.

    Example:
        >>> words("self_loops", 1), words("made_up", 2)
        ('1 self-loop left out', '2 made up')
    """
    if key in WORDS:
        return WORDS[key].format(value, **(ONE if value == 1 else MANY))
    text = key.replace("_", " ")
    return text if value is True else f"{value} {text}" if isinstance(value, int) else f"{text}: {value}"
