"""Trains the small decoder whose attention is `attention.safetensors`; run it from anywhere, some seconds on a CPU.

Three blocks of width 32 with two heads over causal attention learn to output the first of sixteen symbols at the last
token. What they attend to on one sequence is written with its hidden states and symbols.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import mixcli
from mixcli.catalog import MODELS
from mixcli.generators.mask_spec import sequence_of
from mixcli.provenance import Step
from mixcli.sequence import Attention
from mixcli.training.engine import fit
from mixcli.training.mask_topology import mask_topology
from mixcli.training.tasks.reach import Reach

HERE = Path(__file__).parent
TOKENS, LAYERS = 16, 3
SYMBOLS = "abcd?"


def trained() -> tuple[Attention, float]:
    """Attention of the trained decoder on one sequence, and its accuracy on sequences it has not seen."""
    sequence = sequence_of("causal", TOKENS, LAYERS)
    task = Reach.of(sequence)
    done = fit(
        task, mask_topology(sequence), MODELS.make("decoder:hidden=32,heads=2"), task.protocol, seed=0, trial=0
    )  # fmt: skip
    batch = done.loader.batch(task.split(0, 0).test[:1])
    with torch.no_grad():
        weights = done.net.attention(batch.x, batch.block)
        states = done.net.states(batch.x, batch.block)
    attention = Attention.of(
        [layer[0].numpy() for layer in weights],
        [state[0].numpy() for state in states],
        labels=tuple(SYMBOLS[k] for k in batch.x[0].tolist()),
        name="attention.safetensors",
        provenance=(Step("generate", "sample_data/train_decoder.py", seed=0),),
    )
    return attention, done.result().last


def main(target: Path = HERE / "attention.safetensors") -> float:
    """Train, write, and give the accuracy."""
    attention, accuracy = trained()
    mixcli.save(attention, target, force=True)
    share = np.mean([weights[-1, 0] for _, _, weights in attention.each()])
    print(f"accuracy {accuracy:.3f}; the last token gives the first {share:.3f} of its attention, mean of all heads")
    return accuracy


if __name__ == "__main__":
    main()
