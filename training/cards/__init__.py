"""The README.md of the model and dataset repos, filled with measured numbers."""
