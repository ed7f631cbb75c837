"""Presets: the protocol of a paper each, one file each."""
