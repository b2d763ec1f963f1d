"""The published model: its config, its network, the four engines that run it, and the photos that it learnt from."""

from carpark.model.loading import load_model as load_model
