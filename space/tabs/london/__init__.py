"""The tab of all cameras at once: a map with a time slider, a ranking, a borough's curve and a camera's week."""
