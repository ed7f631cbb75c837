"""Measures of tokens that read each other: one file each."""
