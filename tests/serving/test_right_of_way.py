"""Photos go before the frames of camera days, and days go on all the same."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from carpark.model import load_model
from serving import right_of_way
from serving.right_of_way import RightOfWay, giving_way, going_first

SOON_S = 20.0


def test_frames_wait_while_a_photo_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PATIENCE_S", SOON_S)
    way, order = RightOfWay(), list[str]()

    def judge_frames() -> None:
        with way.given():
            order.append("frames")

    with way.taken():
        day = threading.Thread(target=judge_frames)
        day.start()
        time.sleep(0.05)
        order.append("photo")
    day.join(SOON_S)
    assert order == ["photo", "frames"]


def test_a_day_goes_on_however_many_photos_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PATIENCE_S", 0.01)
    way = RightOfWay()
    with way.taken(), way.given():
        pass  # a day that waited for the photo would never come here


def test_no_more_batches_of_frames_are_judged_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.right_of_way.os.cpu_count", lambda: 2)  # else a machine of twelve cores could not fail here
    way, inside, most = RightOfWay(), list[int](), list[int]()

    def judge_frames(number: int) -> None:
        with way.given():
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.01)
            inside.remove(number)

    days = [threading.Thread(target=judge_frames, args=(number,)) for number in range(12)]
    for day in days:
        day.start()
    for day in days:
        day.join(SOON_S)
    assert len(most) == 12 and max(most) == 2


def test_whoever_goes_first_the_answers_are_the_models(tiny_model_folder: Path) -> None:
    model, way = load_model(tiny_model_folder), RightOfWay()
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8))
    assert giving_way(model, way).p_full([picture]) == going_first(model, way).p_full([picture]) == model.p_full([picture])
    assert giving_way(model, way).config is model.config
