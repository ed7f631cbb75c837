"""All trials of a chunk as one computation: (trials, rows, channels) over one block-diagonal matrix."""
