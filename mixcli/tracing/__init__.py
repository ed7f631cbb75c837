"""Measures along the edits of a rewiring: budget curves, their knees, and conditions on which a rewiring ends."""
