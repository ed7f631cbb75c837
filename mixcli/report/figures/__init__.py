"""Figures: one file each, drawn with matplotlib's objects, without global state."""
