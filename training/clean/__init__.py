"""Find photos that are broken, duplicated, mislabelled or not of a car park, and write a clean folder."""
