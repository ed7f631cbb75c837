"""Rewirings of graphs."""
