"""Data that ships with the library: the token encoding, and the trained reader with its ranking and confidence."""
