"""A camera's day: its frames fetched, judged, classified, tabulated and drawn."""
