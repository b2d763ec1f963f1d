"""What the drawings consist of: places, vehicles, light and optics."""
