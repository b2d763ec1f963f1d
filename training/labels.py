"""The labels of photos."""

LABELS = ("empty", "full")  # the two classes, in the order of a new model's outputs
PARTIAL = "partial"  # photos between the classes: they teach that 0.5 lies there, and are scored by order, not as errors
