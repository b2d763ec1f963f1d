"""The review page: a person decides by keyboard about photos of which no pass was sure."""
