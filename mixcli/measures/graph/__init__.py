"""Measures of graphs."""
