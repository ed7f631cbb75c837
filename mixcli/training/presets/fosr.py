"""The protocol of FoSR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mixcli.training.presets.base import Preset

__all__ = ["FoSR"]

PAIRED = "seeded: splits, initial weights, order of batches and dropout are the same for every arm; there unseeded"
INTERVALS = "intervals know that splits overlap (Nadeau & Bengio); there two standard errors of independent trials"
SCHEDULE = "the schedule sees the mean training loss over units; there the sum over batches, a short one counting full"


class FoSR(Preset):
    """FoSR's experiments: random splits without strata, the last epoch's test accuracy, no limit of epochs.

    A trial ends when for more than 100 epochs the validation accuracy has not come 1 % (of itself) above its last such
    rise. The best epoch is tracked there too, and then not returned: `fosr,report=best` shows what that costs.

    Source: Karhadkar, Banerjee & Montúfar, ICLR 2023, section 6, and the released code.
    """

    cites: ClassVar[str] = "Karhadkar, Banerjee & Montúfar, ICLR 2023, section 6; released code"
    published: ClassVar[Mapping[str, str]] = {
        "graph_classification": "trials=100,layers=5,hidden=64,dropout=0.5,lr=0.001,epochs=1000000,patience=101,"
        "threshold=1.01,batch_size=64,scheduler=plateau,report=last,splits=random,train=0.8,val=0.1,drop_input=false",
        "node_classification": "trials=100,layers=4,hidden=128,dropout=0.5,lr=0.001,epochs=1000000,patience=101,"
        "threshold=1.01,batch_size=0,scheduler=plateau,plateau_patience=25,report=last,splits=random,train=0.6,val=0.2,"
        "drop_input=false",
    }
    deviations: ClassVar[tuple[str, ...]] = (
        PAIRED,
        INTERVALS,
        SCHEDULE,
        "nodes: a rise of less than 1 % lets patience run on, as it does there for graphs; there it stands still",
        "nodes: rows of non-negative features are divided by their sum; there they are as published",
        "arms of a relational model have as many relations as the arm with most; there always two",
        "last_layer_fa joins all pairs in the last layer; there its output is joined by a transform of the mean vector",
    )
