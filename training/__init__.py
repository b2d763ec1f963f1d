"""The steps from photos to published model, each run as `python -m training.<step>`."""
