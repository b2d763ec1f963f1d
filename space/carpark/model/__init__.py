"""The published model: its config, its network, and the four engines that run it."""

from carpark.model.engines import load_model as load_model
