"""`mixcli demo`: the whole story on sample data."""
