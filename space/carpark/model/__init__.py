"""The published model: its config, its network, and the four engines that run it."""
