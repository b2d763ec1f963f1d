"""What the Hub's client raises when the Hub cannot answer, and the reason in one line."""

import httpx2
from huggingface_hub.errors import HfHubHTTPError

HUB_ERRORS = (HfHubHTTPError, httpx2.HTTPError, OSError)


def short_reason(error: Exception) -> str:
    """What went wrong between us and the Hub, in a few words."""
    if isinstance(error, HfHubHTTPError):
        return f"HTTP {error.response.status_code}"
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
