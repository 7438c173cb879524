"""Question sets, metrics, the suite that judges every change, and measurements; installed as ``rag.eval``."""
