"""Sources of frames: what each offers (`archive`), and one file a kind; `carpark.frames` opens them."""
