"""Draw places, cars, light and the effects of a camera."""
