"""A scene's side depends on its name alone, so that versions of a dataset can be compared; tiny datasets show both classes on each side."""

import numpy as np
import pandas as pd
import pytest

from carpark.errors import BadPhotos
from training.splits import SPLIT_SHARES, SPLITS, hashed_split, split_photos


@pytest.fixture(scope="module")
def photos() -> pd.DataFrame:
    """About 1,750 photos of 531 scenes, as many as the demo has: one to six a scene, empty, full and partial."""
    random = np.random.default_rng(0)
    rows = [
        {"scene": f"scene {scene}", "label": random.choice(["empty", "full", "partial"], p=[0.4, 0.4, 0.2])}
        for scene in range(531)
        for _ in range(random.integers(1, 7))
    ]
    return pd.DataFrame(rows)


def sides(photos: pd.DataFrame, seed: int = 0) -> dict[str, str]:
    """Scene -> split; every photo of a scene is on one side."""
    table = photos.assign(split=split_photos(photos, seed=seed)).groupby("scene").split.agg(["first", "nunique"])
    assert (table["nunique"] == 1).all()
    return dict(table["first"])


def test_one_changed_label_moves_no_scene(photos: pd.DataFrame) -> None:
    before = sides(photos)
    for row in range(0, len(photos), 50):
        changed = photos.copy()
        changed.loc[row, "label"] = {"empty": "full", "full": "partial", "partial": "empty"}[changed.label[row]]
        assert sides(changed) == before


def test_one_photo_of_a_new_scene_moves_at_most_that_scene(photos: pd.DataFrame) -> None:
    before = sides(photos)
    for name in ("new", "another", "a third"):
        after = sides(pd.concat([photos, pd.DataFrame([{"scene": name, "label": "full"}])], ignore_index=True))
        assert after.pop(name) in SPLITS and after == before


def test_one_photo_or_a_hundred_scenes_fewer_move_no_scene(photos: pd.DataFrame) -> None:
    before = sides(photos)
    for fewer in (photos.drop(index=7), photos[~photos.scene.isin([f"scene {number}" for number in range(100)])], photos[::-1]):
        assert sides(fewer).items() <= before.items()


def test_shares_and_classes_are_near_what_is_wanted(photos: pd.DataFrame) -> None:
    for seed in range(5):
        split = split_photos(photos, seed=seed)
        for name, share in SPLIT_SHARES.items():
            assert (split == name).mean() == pytest.approx(share, abs=0.08)
            assert ((photos.label == "full") & (split == name)).sum() / (split == name).sum() == pytest.approx(0.4, abs=0.1)
    assert sides(photos, 0) != sides(photos, 1)


@pytest.mark.parametrize("scenes", [3, 4, 8, 20])
def test_a_tiny_dataset_has_both_classes_on_each_side(scenes: int) -> None:
    tiny = pd.DataFrame([{"scene": f"{label} {number}", "label": label} for label in ("empty", "full") for number in range(scenes)])
    tiny.loc[len(tiny)] = {"scene": "half", "label": "partial"}
    for seed in range(20):
        split = split_photos(tiny, seed=seed)
        assert {(side, label) for side, label in zip(split, tiny.label, strict=True) if label != "partial"} == {
            (side, label) for side in SPLITS for label in ("empty", "full")
        }
        moved = sum(split[row] != hashed_split(tiny.scene[row], seed) for row in tiny.index)
        assert moved <= 4  # no more than what is missing


def test_scenes_that_show_both_classes_count_for_both() -> None:
    both = pd.DataFrame([{"scene": f"yard {number}", "label": label} for number in range(3) for label in ("empty", "full")])
    assert set(split_photos(both, seed=0)) == set(SPLITS)


def test_two_scenes_of_a_class_are_too_few_for_three_sides() -> None:
    few = pd.DataFrame({"scene": list("abcde"), "label": ["empty"] * 3 + ["full"] * 2})
    with pytest.raises(BadPhotos, match=r"^2 scenes show full; train, validation and test need one each\. Add photos of other places\.$"):
        split_photos(few, seed=0)
