"""Data that ships with the library.

The tiktoken encoding used to count tokens, and the trained reader with its ranking and confidence weights.
"""
