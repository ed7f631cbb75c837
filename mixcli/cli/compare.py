"""`mixcli compare`: train before and after, paired, and say what can be said."""
