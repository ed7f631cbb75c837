"""Mask rewirings, one file per method."""
