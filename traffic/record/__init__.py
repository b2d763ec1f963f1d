"""Record street cameras: every picture once, in the layout of the public archive."""
