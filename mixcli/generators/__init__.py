"""Families of graphs with known properties."""
