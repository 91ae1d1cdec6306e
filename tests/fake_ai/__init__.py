"""A model's vendor on this machine: the wire protocol of the Responses and embeddings APIs, without any model.

Tests script what it answers. Unscripted, and run by hand (`python -m tests.fake_ai`, `make serve FAKE_AI=1`), it answers from what the
tools return and says that it is no language model.
"""
