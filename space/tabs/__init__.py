"""The page: one room a tab, each with its widgets, event handlers and words."""
