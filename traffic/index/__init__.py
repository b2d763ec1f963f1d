"""What is usual for each camera, what is not, and how full the boroughs and London are."""
