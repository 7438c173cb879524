"""Fit the ranking and the confidence of a reader."""
