"""A camera's day: its frames fetched, judged, classified, tabulated and drawn."""

from carpark.day.table import camera_day as camera_day
