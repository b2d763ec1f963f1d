"""Judge car park photos and camera days; everything here runs in the hosted Space with `space/requirements.txt` alone."""
