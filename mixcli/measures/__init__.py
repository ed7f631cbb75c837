"""Measures: one file each; what a graph or a token sequence looks like to the information that has to cross it."""
