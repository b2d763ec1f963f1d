"""What a frame's file and pixels say about it, before `carpark.quality` judges."""
