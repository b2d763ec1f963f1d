"""Draw car parks, and a camera's day with planted faults, whose truth is known exactly."""
