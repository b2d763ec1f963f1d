"""Download photos that may be republished, each with its licence and source."""
