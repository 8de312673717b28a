"""Statements to entries: kinds, terms, people, links, states. Pure."""
