"""The command line: one file per command, and nothing but the command line."""
