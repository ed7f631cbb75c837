"""Rewirings: one file each; which edges to add and remove, and in which order."""
