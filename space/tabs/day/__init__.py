"""The Camera day tab: choose a camera and a day, and read its chart."""
