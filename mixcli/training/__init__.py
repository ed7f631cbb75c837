"""Training before and after a rewiring, paired, and what can honestly be said about the difference."""
