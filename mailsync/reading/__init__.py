"""Bytes to statements: parsing, passages, statements, threads. Pure."""
