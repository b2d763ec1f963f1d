"""The share taken in words, for every tab."""


def share_in_words(share: float) -> str:
    """A share taken in steps of 5%, which is as exact as it is known: "about 70% taken"."""
    if share < 0.025:
        return "under 5% taken"
    return "over 95% taken" if share > 0.975 else f"about {step_of_5(share)}% taken"


def range_in_words(low: float, high: float) -> str:
    """An interval in the same steps: "55% to 85%"."""
    return f"{step_of_5(low)}% to {step_of_5(high)}%"


def step_of_5(share: float) -> int:
    """The nearest multiple of 5, in per cent."""
    return 5 * round(20 * share)
