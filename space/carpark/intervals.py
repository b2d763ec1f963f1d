"""How far a share measured on few trials may be from the true one."""

from math import sqrt

Z_95 = 1.959964  # of the normal distribution, two-sided


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927): honest for few trials and for shares near 0 or 1; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = successes / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
