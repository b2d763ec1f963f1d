"""Claims about the classifier, measured on a model folder and written into its card."""
