"""Polite HTTP requests, and the memory of hosts that are down."""
