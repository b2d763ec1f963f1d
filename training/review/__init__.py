"""Label the frames of a camera's day."""
