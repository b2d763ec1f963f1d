"""Find photos that are broken, duplicated, mislabelled or of something else, and write a clean folder."""
