"""How far levels can be trusted, in words and as a table: what `traffic.index` found when it compared them with labels and counts."""

import html
import math
from typing import Any

import pandas as pd

PEOPLE = "people"


def trust_in_words(agreement: pd.DataFrame) -> str:
    """A camera's agreement with people, then with detectors; or that it was not checked."""
    by_people = agreement["against"] == PEOPLE
    words = [_against_people(row) for row in agreement[by_people].to_dict("records")] or ["Not checked against labels of people."]
    words += [
        f"Against {row['n']:.0f} counts of {html.escape(row['against'])}: {_rank(row)}." for row in agreement[~by_people].to_dict("records")
    ]
    return " ".join(words)


def trust_table(agreement: pd.DataFrame) -> str:
    """The agreement of all cameras together, and hour by hour, as HTML that is folded away; a line where nothing was compared."""
    if agreement.empty:
        return "<p>These levels were not checked against labels of people.</p>"
    rows = "".join(_table_row(row) for row in agreement.sort_values(["against", "hour"], na_position="first").to_dict("records"))
    head = "<th>Compared with</th><th>Hour</th><th>Frames</th><th>Rank correlation (95%)</th><th>Mean difference, points (95%)</th>"
    return (
        '<details class="trust"><summary>How far these levels agree with labels</summary>'
        '<div class="trust-rows" role="region" tabindex="0" aria-label="Agreement with labels">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _table_row(row: dict[Any, Any]) -> str:
    hour = "all day" if math.isnan(row["hour"]) else f"{row['hour']:.0f}:00"
    cells = [row["against"], hour, f"{row['n']:.0f}", _interval(row, "spearman", "low", "high"), _bias(row)]
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _against_people(row: dict[Any, Any]) -> str:
    side = "above" if row["bias"] > 0 else "below"
    return f"Checked against {row['n']:.0f} labels of people: {_rank(row)}; on average {abs(row['bias']):.0%} {side} them."


def _rank(row: dict[Any, Any]) -> str:
    if math.isnan(row["spearman"]):
        return "rank correlation not known"
    return f"rank correlation {row['spearman']:.2f} (95% interval {row['low']:.2f} to {row['high']:.2f})"


def _interval(row: dict[Any, Any], value: str, low: str, high: str) -> str:
    return "not known" if math.isnan(row[value]) else f"{row[value]:.2f} ({row[low]:.2f} to {row[high]:.2f})"


def _bias(row: dict[Any, Any]) -> str:
    """The mean difference in percentage points, with its interval; empty for counts, which have no bias."""
    if math.isnan(row["bias"]):
        return ""
    within = "" if math.isnan(row["bias_low"]) else f" ({_points(row['bias_low'])} to {_points(row['bias_high'])})"
    return f"{_points(row['bias'])}{within}"


def _points(share: float) -> str:
    return f"{round(100 * share):+d}"
