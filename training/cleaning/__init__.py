"""The passes of `python -m training.clean`: files, labels and shortcuts, and the decisions that come of them."""
