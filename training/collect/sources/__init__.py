"""Where photos are offered: Openverse, Wikimedia Commons, a list of addresses, a folder."""
