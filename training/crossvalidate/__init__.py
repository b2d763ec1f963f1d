"""Architectures compared under the same folds."""
