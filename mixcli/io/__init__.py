"""Formats: one file each; bytes to graphs and back."""
