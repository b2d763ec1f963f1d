"""Fit a model to photos and write it as a model repo folder."""
