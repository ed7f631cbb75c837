"""Statistics of repeated, paired trainings."""

from __future__ import annotations

from mixcli.training.statistics.multiplicity import adjusted, holm
from mixcli.training.statistics.paired_t import Difference, Estimate, estimate, paired
from mixcli.training.statistics.permutation import sign_flip
from mixcli.training.statistics.student import LEVEL

__all__ = ["LEVEL", "Difference", "Estimate", "adjusted", "estimate", "holm", "paired", "sign_flip"]
