"""Benchmarks, each a command: ``python -m rag.eval.bench.NAME``."""
