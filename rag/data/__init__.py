"""What ships with the library: the token encoding's ranks, the confidence's weights, and how they were made."""
