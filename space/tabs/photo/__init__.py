"""The Photo tab: upload a photo, and read whether the car park is full and why."""
