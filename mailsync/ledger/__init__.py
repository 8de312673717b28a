"""The log and the archive in SQLite."""
