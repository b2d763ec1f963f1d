"""Photos go before the frames of camera days, and days go on all the same."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from carpark.model import load_model
from carpark.model.engines import Answers, Model, Pixels
from serving import right_of_way
from serving.right_of_way import RightOfWay, giving_way, going_first

SOON_S = 20.0
MOMENT_S = 0.3  # how long something is given to happen that must not
NO_CONFIG: Any = None
PIXELS = np.zeros((1, 1, 1, 3), np.uint8)
ANSWER = np.zeros((1, 2), np.float32), np.zeros((1, 4), np.float32), np.zeros(1, np.float32)


def in_thread(model: Model) -> threading.Thread:
    """The model at work on PIXELS."""
    thread = threading.Thread(target=model.forward, args=(PIXELS,))
    thread.start()
    return thread


def test_frames_wait_while_a_photo_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PATIENCE_S", SOON_S)
    way, photo_begun, photo_done, frames_begun = RightOfWay(), threading.Event(), threading.Event(), threading.Event()

    def judge_photo(pixels: Pixels) -> Answers:
        photo_begun.set()
        assert photo_done.wait(SOON_S)
        return ANSWER

    def judge_frames(pixels: Pixels) -> Answers:
        frames_begun.set()
        return ANSWER

    photo = in_thread(going_first(Model(NO_CONFIG, "learner", judge_photo), way))
    assert photo_begun.wait(SOON_S)
    day = in_thread(giving_way(Model(NO_CONFIG, "int8", judge_frames), way))
    assert not frames_begun.wait(MOMENT_S)
    photo_done.set()
    assert frames_begun.wait(SOON_S / 2)  # the photo lets them go, not their patience
    photo.join(SOON_S)
    day.join(SOON_S)


def test_a_day_goes_on_however_many_photos_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PATIENCE_S", 0.01)
    way = RightOfWay()
    with way.taken(), way.given():
        pass  # a day that waited for the photo would never come here


def test_as_many_batches_of_frames_are_judged_at_once_as_there_are_cores_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.right_of_way.os.cpu_count", lambda: 2)
    both_cores, counting, never = threading.Barrier(2), threading.Lock(), threading.Event()
    inside, counts = set[int](), list[int]()

    def judge_frames(pixels: Pixels) -> Answers:
        with counting:
            inside.add(threading.get_ident())
            counts.append(len(inside))
        both_cores.wait(SOON_S)
        never.wait(MOMENT_S)  # a third would come in now
        with counting:
            inside.remove(threading.get_ident())
        return ANSWER

    model = giving_way(Model(NO_CONFIG, "int8", judge_frames), RightOfWay())
    for day in [in_thread(model) for _ in range(4)]:
        day.join(2 * SOON_S)
    assert len(counts) == 4 and max(counts) == 2


def test_what_holds_up_every_answer_waits_until_no_photo_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PAUSE_S", 0.01)
    monkeypatch.setattr(right_of_way, "MOST_S", SOON_S)
    way, paused = RightOfWay(), threading.Event()

    def wait() -> None:
        way.wait_for_pause()
        paused.set()

    with way.taken():
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not paused.wait(MOMENT_S)
    waiting.join(SOON_S)
    assert paused.is_set()


def test_frames_that_go_on_being_judged_put_it_off_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PAUSE_S", MOMENT_S)
    way, paused = RightOfWay(), threading.Event()

    def wait() -> None:
        way.wait_for_pause()
        paused.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    until = time.monotonic() + 4 * MOMENT_S
    while time.monotonic() < until:
        with way.given():
            time.sleep(MOMENT_S / 20)
    assert not paused.is_set()
    waiting.join(SOON_S)
    assert paused.is_set()


def test_visitors_who_never_pause_are_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(right_of_way, "PAUSE_S", 0.01)
    monkeypatch.setattr(right_of_way, "MOST_S", 0.05)
    way = RightOfWay()
    with way.taken():
        way.wait_for_pause()


def test_whoever_goes_first_the_answers_are_the_models(tiny_model_folder: Path) -> None:
    model, way = load_model(tiny_model_folder), RightOfWay()
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8))
    assert giving_way(model, way).p_full([picture]) == going_first(model, way).p_full([picture]) == model.p_full([picture])
    assert giving_way(model, way).config is model.config
