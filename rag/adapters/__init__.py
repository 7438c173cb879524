"""Retrievers and answers as components of other frameworks; import the module of the framework that you use."""
