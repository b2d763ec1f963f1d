"""Markdown tables of the cards. Those of the model card come from metrics.json; each is empty where nothing was measured."""

from collections.abc import Iterable, Sequence
from typing import Any

from carpark.intervals import wilson_interval

# Of metrics.json's scores, with what the card calls them.
BREAKDOWNS = {"by_view": "view", "by_light": "light", "by_resolution": "resolution"}


def breakdown_table(scores: dict[str, Any]) -> str:
    """Errors by view, light and resolution."""
    groups = [(f"{kind} {name}", counts) for key, kind in BREAKDOWNS.items() for name, counts in scores.get(key, {}).items()]
    rows = [
        (name, f"{group['errors']} of {group['n']}", _interval(group["n"] - group["errors"], group["n"]))
        for name, group in groups
        if group["n"]
    ]
    return _section("Where it errs", ("photos", "errors", "right, 95% interval"), rows)


def fullness_table(scores: dict[str, Any]) -> str:
    """The share taken against counted shares: at places like the training photos', at sources never seen, in streets, and by view."""
    like, unseen = by_what_is_left_out(scores)
    parts = [("new places of known sources", like), ("sources never seen", unseen)]
    parts += [("streets, other cameras", (unseen or scores).get("streets", {}))]
    rows = [
        (name, part["n"], f"{part['errors']}", part["ece"], *_fullness_cells(part.get("fullness")))
        for name, part in parts
        if part and part.get("n")
    ]
    if not any("fullness" in part for _, part in parts):
        return ""
    by_view = unseen.get("fullness", scores.get("fullness", {})).get("by_view", {})
    rows += [(f"view {name}", "", "", "", *_fullness_cells(part)) for name, part in by_view.items()]
    columns = (
        "photos",
        "full or empty",
        "errors",
        "ECE",
        "counted",
        "mean error of the share",
        "Spearman",
        "80% interval holds",
        "its width",
    )
    return _section("How full, in per cent", columns, rows)


def by_what_is_left_out(scores: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scores at new places of known sources, and at sources never seen; the latter empty where there were fewer than three."""
    if "places_like_these" in scores:  # fine-tuned: all photos were judged with their source left out, some with their scene alone
        return scores["places_like_these"], scores
    return scores, scores.get("sources_never_seen", {})


def _fullness_cells(part: dict[str, Any] | None) -> tuple[object, ...]:
    if not part:
        return ("0", "", "", "", "")
    interval = part["interval_80"]
    return part["n"], part["mae"], part["spearman"], f"{interval['coverage']:.0%}", interval["mean_width"]


def architecture_table(rows: Sequence[dict[str, Any]] | None) -> str:
    """Bodies and sizes under the same folds, and how scores grow with photos: rows of `training.crossvalidate`."""
    if not rows:
        return ""
    table = _section(
        "Bodies and sizes under the same folds",
        (
            "body",
            "input, px",
            "errors, each time that the folds were drawn",
            "accuracy (95% interval)",
            "errors, sources never seen",
            "mean error of the share; Spearman",
            "int8 file",
            "int8 on this machine",
            "minutes",
        ),
        [_architecture_row(row) for row in rows],
    )
    points = [(row["arch"], point) for row in rows for point in row.get("learning_curve", [])]
    learnt = [
        (arch, point["photos"], point["scenes"], f"{comma_separated(point['errors_each_time'])} of {point['n']}", point["auroc"])
        for arch, point in points
    ]
    return table + _section("With fewer photos", ("architecture", "photos", "scenes", "errors each time", "AUROC"), learnt)


def claims_table(claims: dict[str, Any] | None) -> str:
    """What was claimed of this classifier in 2020, measured: what `training.claims` wrote."""
    if not claims:
        return ""
    return _section("Claims, measured", ("asked", "n", "measured"), [(row["asked"], row["n"], row["measured"]) for row in claims["rows"]])


def _architecture_row(row: dict[str, Any]) -> tuple[object, ...]:
    size, speed = f"{row['int8_megabytes']} MB", f"{row['int8_frames_per_second']} frames/s"
    if "missing" in row:
        return row["arch"], row["size"], "its ImageNet weights could not be had", *["not measured"] * 3, size, speed, "not measured"
    like, unseen = by_what_is_left_out(row)
    low, high = like["accuracy_interval_95"]
    right = f"{like['accuracy']:.1%} ({low:.1%} to {high:.1%})" if like["n"] else "not measured"
    elsewhere = f"{unseen['errors']} of {unseen['n']}" if unseen else "fewer than three sources"
    share = unseen.get("fullness") or row.get("fullness")
    how_full = f"{share['mae']}; {share['spearman']}" if share else "none counted"
    errors = f"{comma_separated(row['errors_each_time'])} of {row['n']}" if like is row else f"{like['errors']} of {like['n']}"
    return row["arch"], row["size"], errors, right, elsewhere, how_full, size, speed, round(row["seconds"] / 60, 1)


def _interval(right: int, n: int) -> str:
    low, high = wilson_interval(right, n)
    return f"{low:.0%} to {high:.0%}"


def comma_separated(values: Iterable[object]) -> str:
    """The values in one cell of a table."""
    return ", ".join(map(str, values))


def markdown_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. A "|" in a cell becomes "/", so that no cell ends early."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A heading and a table, after a line break; nothing without rows."""
    return f"\n## {title}\n\n{markdown_table(head, rows)}\n" if rows else ""
