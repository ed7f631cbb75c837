"""Tasks: one file each; what a network is asked to predict."""
