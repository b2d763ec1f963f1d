"""The review page: a person decides by keyboard what no pass was sure of."""
