"""Run a question set, score it, and compare two runs."""
