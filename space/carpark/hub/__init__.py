"""Repos of the Hugging Face Hub: downloaded, pinned to a revision, verified by sha256."""
