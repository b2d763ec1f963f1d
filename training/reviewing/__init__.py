"""The page on which a person decides about photos, and the camera frames that can be labelled on it."""
