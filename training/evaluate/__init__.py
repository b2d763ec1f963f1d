"""Score a model on photos that it has never seen."""
