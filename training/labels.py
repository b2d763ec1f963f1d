"""The labels of photos."""

LABELS = ("empty", "full")  # the two classes, in the order of a new model's outputs
PARTIAL = "partial"  # photos between the classes: they teach that 0.5 lies there, and are scored by order, not as errors
SHARES = {"empty": 0.04, "partial": 0.42, "full": 0.88}  # of bays taken: what a label teaches where photos.csv has no `occupancy`
