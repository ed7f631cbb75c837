"""The protocol of SDRF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mixcli.training.presets.base import Preset

__all__ = ["SDRF"]


class SDRF(Preset):
    """SDRF's experiments: the largest component, a fixed test half, 20 nodes of each class to train on.

    The test half is drawn by the released development seed, so it is the published one where the largest component's
    nodes stand in the same order. By trial, 20 nodes of each class (at most half of them) of the other half are drawn
    to train on; the rest of it chooses the epoch. Every trial is tested on the same nodes: intervals speak of these.

    Source: Topping, Di Giovanni, Chamberlain, Dong & Bronstein, ICLR 2022, section 5, and the released code.
    """

    cites: ClassVar[str] = "Topping et al., ICLR 2022, section 5; released code, after Klicpera et al., NeurIPS 2019"
    published: ClassVar[Mapping[str, str]] = {
        "node_classification": "trials=100,layers=2,hidden=64,dropout=0.5,lr=0.01,weight_decay=0.0005,epochs=10000,"
        "patience=100,batch_size=0,report=best,splits=development,drop_input=false"
    }
    deviations: ClassVar[tuple[str, ...]] = (
        "one setting for all data sets; there depth, width, dropout, step size and decay are tuned for each (--tune)",
        "epochs and patience are those of the GDC experiments, whose protocol it is; the released code has no runner",
        "trials are numbered from one seed; there seeds come from two lists, one for tuning and one for testing",
        "intervals of Student's t over trials; there by bootstrap",
        "rows of non-negative features are divided by their sum",
    )
    connected: ClassVar[bool] = True
