"""Turn clean photos into the folder of a dataset repo."""
