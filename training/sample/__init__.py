"""Draw photos of car parks, and a camera's day with planted faults, with exact ground truth."""
