"""Data that ships with the library.

The tiktoken encoding used to count tokens, the trained reader with its ranking and confidence weights, and the
questions written for its training and evaluation.
"""
