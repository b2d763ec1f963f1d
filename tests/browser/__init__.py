"""The page as visitors use it, in a real browser: one for the whole folder, which makes it a package."""
