"""Levels compared with what people say of the same frames."""

import pandas as pd
import pytest

from carpark.errors import BadSetting
from tests.traffic.index.test_index import write_days
from traffic.index.agreement import compare_with_labels, read_labels


def test_each_camera_and_all_together_are_compared_with_their_labels(tmp_path):
    write_days(tmp_path / "data", 1)  # 0.2 until noon, 0.6 after
    hours = {"08_00": 1, "09_00": 1, "13_00": 3, "14_00": 4, "15_00": 3}
    files = [f"some/where/Street_0/2026-01-05/2026-01-05@{hour}GMT.jpg" for hour in hours] + ["Street_1/2026-01-05/2026-01-05@08_00GMT.jpg"]
    pd.DataFrame({"file": [*files, "other/picture.jpg"], "level": [*hours.values(), 0, 2]}).to_csv(tmp_path / "labels.csv", index=False)
    found = compare_with_labels(tmp_path / "data", "fullness", read_labels([tmp_path / "labels.csv"])).set_index("folder")
    assert found["n"].to_dict() == {"Street_0": 5, "Street_1": 1, "": 6}
    assert found.loc["Street_0", "bias"] == pytest.approx((0.1 + 0.1 + 0.025 - 0.25 + 0.025) / 5)
    assert found.loc["Street_0", "spearman"] > 0.9 and 0 < found.loc["Street_0", "low"] < found.loc["Street_0", "high"] <= 1
    assert pd.isna(found.loc["Street_1", "spearman"]) and found.loc["Street_1", "error"] == pytest.approx(0.2)


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
