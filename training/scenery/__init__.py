"""Car parks drawn from numbers: what stands where, under which light, seen by which camera, and the picture of it."""
