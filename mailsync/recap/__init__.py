"""Entries to letters and the client's answer back to entries. Pure."""
