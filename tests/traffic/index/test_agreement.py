"""Levels compared with what people say of the same frames."""

import pandas as pd
import pytest

from carpark.errors import BadSetting
from tests.traffic.index.test_index import write_days
from traffic.index.agreement import compare_with_labels, read_counts, read_labels


def test_each_camera_and_all_together_are_compared_with_their_labels(tmp_path):
    write_days(tmp_path / "data", 1)  # 0.2 until noon, 0.6 after
    hours = {"08_00": 1, "09_00": 1, "13_00": 3, "14_00": 4, "15_00": 3}
    files = [f"some/where/Street_0/2026-01-05/2026-01-05@{hour}GMT.jpg" for hour in hours] + ["Street_1/2026-01-05/2026-01-05@08_00GMT.jpg"]
    pd.DataFrame({"file": [*files, "other/picture.jpg"], "level": [*hours.values(), 0, 2]}).to_csv(tmp_path / "labels.csv", index=False)
    compared = compare_with_labels(tmp_path / "data", "fullness", read_labels([tmp_path / "labels.csv"]))
    assert set(compared["against"]) == {"people"}
    found = compared[compared["hour"].isna()].set_index("folder")
    assert found["n"].to_dict() == {"Street_0": 5, "Street_1": 1, "": 6}
    assert found.loc["Street_0", "bias"] == pytest.approx((0.1 + 0.1 + 0.025 - 0.25 + 0.025) / 5)
    assert found.loc["Street_0", "spearman"] > 0.9 and 0 < found.loc["Street_0", "low"] < found.loc["Street_0", "high"] <= 1
    assert pd.isna(found.loc["Street_1", "spearman"]) and found.loc["Street_1", "error"] == pytest.approx(0.2)


def test_all_together_are_compared_hour_by_hour_by_londons_clock(tmp_path):
    write_days(tmp_path / "data", 1)  # 0.2 until noon, 0.6 after
    files = [f"Street_0/2026-01-05/2026-01-05@08_{minute}GMT.jpg" for minute in ("00", "05", "10")] + [
        "Street_0/2026-01-05/2026-01-05@13_00GMT.jpg"
    ]
    pd.DataFrame({"file": files, "occupancy": [0.1, 0.1, 0.3, None]}).to_csv(tmp_path / "labels.csv", index=False)
    found = compare_with_labels(tmp_path / "data", "fullness", read_labels([tmp_path / "labels.csv"]))
    (hour,) = found[found["hour"].notna()].to_dict("records")  # nobody rated the frame of 13:00
    assert (hour["folder"], hour["hour"], hour["n"]) == ("", 8, 3)
    assert hour["bias"] == pytest.approx(0.2 - 0.5 / 3, abs=1e-3) and hour["bias_low"] < hour["bias"] < hour["bias_high"]


def test_counts_of_detectors_have_a_rank_correlation_and_no_bias(tmp_path):
    write_days(tmp_path / "data", 1)
    files = [f"Street_0/2026-01-05/2026-01-05@{hour:02}_00GMT.jpg" for hour in (8, 9, 13, 14, 15)]
    table = pd.DataFrame({"file": files, "vehicles_one": [2, 3, 9, 8, 9], "vehicles_two": [0, 0, None, 4, 5], "area_one": 0.1})
    table.to_csv(tmp_path / "counts.csv", index=False)
    counts = read_counts([tmp_path / "counts.csv"])
    found = compare_with_labels(tmp_path / "data", "fullness", counts)
    found = found[found["hour"].isna() & (found["folder"] == "")].set_index("against")
    assert found["n"].to_dict() == {"vehicles_one": 5, "vehicles_two": 4}
    assert found.loc["vehicles_one", "spearman"] > 0.8 and pd.isna(found.loc["vehicles_one", "bias"])
    table.assign(vehicles_one="many").to_csv(tmp_path / "counts.csv", index=False)
    with pytest.raises(BadSetting, match=r"--counts .* has 'many' as vehicles_one; expected a number\."):
        read_counts([tmp_path / "counts.csv"])
    table[["file"]].to_csv(tmp_path / "counts.csv", index=False)
    with pytest.raises(BadSetting, match=r"--counts .* has the columns file; expected file and vehicles\."):
        read_counts([tmp_path / "counts.csv"])


def test_no_labels_are_no_rows(tmp_path):
    write_days(tmp_path / "data", 1)
    assert compare_with_labels(tmp_path / "data", "fullness", read_labels([])).empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,level\na.jpg,1\n", "has the columns picture, level; expected file and level or occupancy"),
        ("file,level\na.jpg,5\n", "has values of level out of range; expected 0, 1, 2, 3 or 4"),
        ("file,occupancy\na.jpg,1.5\n", "has values of occupancy out of range; expected 0 to 1"),
        ("", "cannot be read"),
    ],
)
def test_labels_that_cannot_be_used_are_one_line(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(BadSetting) as caught:
        read_labels([tmp_path / "labels.csv"])
    assert message in str(caught.value)
