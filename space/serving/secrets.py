"""No password, key or token is shown to a visitor."""

import re

SECRETS = (
    (re.compile(r"(https?://)[^/\s@]+@"), r"\1"),  # user and password of an address
    (re.compile(r"(https?://[^\s?]+)\?[^\s)]+"), r"\1"),  # its query, which may hold a key
    (re.compile(r"\bhf_\w+"), "hf_…"),  # a token of the Hub
)


def without_secrets(text: str) -> str:
    """The text, fit to be shown to visitors: a setting, or the line of an error that quotes one, may hold a password or a key."""
    for secret, stand_in in SECRETS:
        text = secret.sub(stand_in, text)
    return text
