"""Push dataset, model and Space to the Hub, one commit a repo."""
