"""The state of a camera frame: usable, or why not."""
