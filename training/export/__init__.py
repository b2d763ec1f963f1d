"""Write a fitted learner in four formats, and prove that their predictions agree."""
