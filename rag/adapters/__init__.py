"""Adapters to other libraries and protocols, each imported only when used."""
