"""The labels of photos."""

LABELS = ("empty", "full")  # the two classes, in the order of a new model's outputs
PARTIAL = "partial"  # photos between the classes: they teach that 0.5 lies there, and are scored by order, not as errors
FULL_FROM, EMPTY_TO = 0.70, 0.10  # of bays taken: what the labels of a car park mean
STREET_LABELS = ("empty", "empty", "partial", "full", "full")  # what the levels of a street mean, as `carpark.day.level` has them
SHARES = {"empty": 0.04, "partial": 0.42, "full": 0.88}  # of bays taken: what a label teaches where photos.csv has no `occupancy`


def label_of(share: float) -> str:
    """The label of a car park with this share of its bays taken."""
    return LABELS[1] if share >= FULL_FROM else LABELS[0] if share <= EMPTY_TO else PARTIAL
