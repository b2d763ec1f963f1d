"""Measure street cameras: each camera's day judged as the Space judges it, on one machine or on a cluster."""
