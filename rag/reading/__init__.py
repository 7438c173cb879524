"""Passages to spans: the reader, its span model, the ranking of candidates and their confidence."""
