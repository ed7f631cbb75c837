"""Attention weights taken out of a network while it runs: one layer in memory at a time, nothing stored.

The network runs in a thread of its own and waits in each attention layer until the layer has been looked at. Layers
that are asked for in order cost one run; going back starts a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError, MixcliError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ForwardHeads", "Tape"]

Show = Callable[["NDArray[Any]"], None]


class _Stopped(Exception):
    """Unwinds a run that nobody looks at any more."""


class Tape:
    """What a run shows, one piece after the other, with the run held in between.

    Args:
        run: calls what it is given once for each piece, in order.
    """

    def __init__(self, run: Callable[[Show], None]) -> None:
        self._go, self._ready = threading.Semaphore(0), threading.Semaphore(0)
        self._piece: NDArray[Any] | None = None
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._play, args=(run,), daemon=True)
        self._started = False

    def next(self) -> NDArray[Any] | None:
        """The next piece; None after the last."""
        self._piece = None
        if not self._started:
            self._started = True
            self._thread.start()
        else:
            self._go.release()
        self._ready.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._piece

    def close(self) -> None:
        """End the run where it stands."""
        if self._started and self._thread.is_alive():
            self._stopped = True
            self._go.release()
            self._thread.join(timeout=60)

    def _play(self, run: Callable[[Show], None]) -> None:
        try:
            run(self._show)
        except _Stopped:
            return
        except BaseException as error:  # handed to the thread that asks
            self._error = error
        self._stopped = True
        self._piece = None
        self._ready.release()

    def _show(self, piece: NDArray[Any]) -> None:
        if self._stopped:
            raise _Stopped
        self._piece = piece
        del piece
        self._ready.release()
        self._go.acquire()
        if self._stopped:
            raise _Stopped


class ForwardHeads:
    """Heads of a network on one text; a `HeadStore` whose layers are computed when they are asked for.

    Args:
        run: runs the network; calls what it is given with the (H, T, T) weights of each layer, in order.
        heads: number of heads of each layer.
        tokens: of the text.
        sink: whether the network has sinks outside the tokens, so that rows sum to less than 1: a virtual token in
            front is then read with the rest.
        digest: of what the weights depend on.
        states: (T, d) hidden states.
        name: for messages.
        probe: runs the network on other texts; see `mixcli.io.hf.Probe`.
    """

    def __init__(
        self, run: Callable[[Show], None], heads: tuple[int, ...], tokens: int, sink: bool, digest: str,
        states: tuple[NDArray[Any], ...] = (), name: str = "", probe: Any = None,
    ) -> None:  # fmt: skip
        self.probe = probe
        self._run, self.heads, self._text, self.sink, self.digest = run, heads, tokens, sink, digest
        self._states, self._name = states, name
        self._tape: Tape | None = None
        self._layer, self._weights = -1, None
        self.runs = 0

    @property
    def tokens(self) -> int:
        """T, the virtual token included."""
        return self._text + self.sink

    @property
    def hidden_states(self) -> int:
        """Number of hidden states."""
        return len(self._states)

    def hidden(self, state: int) -> NDArray[Any]:
        """(T', d) one hidden state, of the tokens of the text."""
        return self._states[state]

    def raw(self, layer: int, head: int) -> NDArray[Any]:
        """(T', T') weights of one head as the network has them."""
        return self._at(layer)[head]

    def head(self, layer: int, head: int) -> NDArray[Any]:
        """(T, T) weights of one head; rows sum to 1."""
        rows = self.raw(layer, head)
        sums = rows.sum(axis=1, dtype=np.float64)
        if not self.sink:
            return (rows / sums[:, None]).astype(rows.dtype)
        out = np.zeros((self.tokens, self.tokens), rows.dtype)
        out[1:, 1:] = rows
        out[1:, 0] = np.maximum(1 - sums, 0)
        out[0, 0] = 1
        out /= out.sum(axis=1, keepdims=True)
        return out

    def close(self) -> None:
        """End a run that has been begun."""
        if self._tape is not None:
            self._tape.close()
        self._tape, self._layer, self._weights = None, -1, None

    def __del__(self) -> None:
        self.close()

    def _at(self, layer: int) -> NDArray[Any]:
        """(H, T', T') weights of a layer, the network run up to it."""
        if layer < self._layer:
            self.close()
        if self._tape is None:
            self._tape, self.runs = Tape(self._run), self.runs + 1
        while self._layer < layer:
            self._weights = None
            try:
                self._weights = self._tape.next()
            except MixcliError:
                raise
            except Exception as error:
                found = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
                fix = "check that the folder holds the whole model"
                raise InputError("a model that runs", found, fix, where=self._name) from error
            self._layer += 1
            shape = None if self._weights is None else self._weights.shape
            wanted = (self.heads[self._layer], self._text, self._text)
            if shape != wanted:
                found = "none" if shape is None else f"shape {shape}"
                fix = "choose a model with attention over one sequence"
                raise InputError(f"attention of shape {wanted} in layer {self._layer}", found, fix, where=self._name)
        if self._weights is None:
            raise InputError(f"attention of layer {layer}", "none", "check the model", where=self._name)
        return self._weights
