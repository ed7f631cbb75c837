"""Probes: what a trained network does with its graph, before and after a rewiring, besides its accuracy."""
