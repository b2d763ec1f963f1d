"""Score a model on photos it has never seen."""
