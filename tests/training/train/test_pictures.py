"""Drawn photos to learn from: what is true of a part of one, and of its mirror image."""

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from carpark.model.counting import counting_head
from training.train import tuning
from training.train.lighting import amplitudes_of
from training.train.pictures import BAYS, FLOORS, MAP_SIDE, TAKEN, VEHICLES, Pictures, TrainingPicture, cut_out, read_pictures
from training.train.probe import AS_COUNTED, install_head
from training.train.tuning import PHOTO_VIEWS, CountingNetwork, Lessons, MeanWeights, Outputs, loss_of, normalise

LEFT_TAKEN = np.zeros((MAP_SIDE, MAP_SIDE, 4), np.uint8)
LEFT_TAKEN[:, : MAP_SIDE // 2, [VEHICLES, TAKEN]] = 255  # vehicles cover the left half
LEFT_TAKEN[..., [FLOORS, BAYS]] = 255  # of bays that are everywhere


def drawings(*, n: int = 1, has_map: bool = True) -> Pictures:
    """Photos whose left half is red and taken."""
    pixels = np.zeros((n, 64, 64, 3), np.uint8)
    pixels[:, :, :32, 0] = 255
    return Pictures(pixels, np.full(n, 0.5), LEFT_TAKEN[None].repeat(n, axis=0), np.full(n, has_map))


def lessons(n_real: int = 0) -> Lessons:
    """Forty drawn pictures, and real ones without maps."""
    drawn, real = drawings(n=40), drawings(n=n_real, has_map=False)
    pixels, maps = np.concatenate([drawn.pixels, real.pixels]), np.concatenate([drawn.maps, real.maps])
    pictures = Pictures(pixels, np.full(40 + n_real, 0.5), maps, np.arange(40 + n_real) < 40, amplitudes_of(real.pixels))
    return Lessons(pictures, np.arange(40 + n_real) < 40, pd.Series(range(40 + n_real)), input_px=64, seed=0)


def test_the_map_of_a_part_lies_where_its_picture_does_also_mirrored() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sample = cut_out(rng, drawings(), 0, size=48, cells=48)
        red = sample.picture[..., 0] > (sample.picture[..., 0].max() / 2)
        assert np.mean(red == (sample.map[0] > 0.5)) > 0.9


def test_the_share_taken_is_that_of_the_part_which_is_cut_out() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sample = cut_out(rng, drawings(), 0, size=48, cells=48)
        assert sample.share == pytest.approx(sample.map[0].mean(), abs=0.03)


def test_a_photo_without_a_map_keeps_its_share_and_teaches_nothing_of_cells() -> None:
    sample = cut_out(np.random.default_rng(0), drawings(has_map=False), 0, size=48, cells=3)
    assert sample.share == 0.5
    assert np.isnan(sample.map).all()


def test_far_bays_count_as_much_as_near_ones() -> None:
    """Of nine bays in the upper half none is taken; one in the lower half is."""
    maps = np.zeros((1, MAP_SIDE, MAP_SIDE, 4), np.uint8)
    maps[:, : MAP_SIDE // 2, :, BAYS] = 225
    maps[:, MAP_SIDE // 2 :, :, [BAYS, TAKEN]] = 25
    maps[:, MAP_SIDE // 2 :, :, VEHICLES], maps[..., FLOORS] = 255, 255
    drawn, rng = Pictures(np.zeros((1, 64, 64, 3), np.uint8), np.array([0.1]), maps, np.array([True])), np.random.default_rng(0)
    samples = [cut_out(rng, drawn, 0, size=48, cells=6) for _ in range(20)]
    assert max(sample.share for sample in samples) < 0.3  # by area it would be half
    for sample in samples:
        assert sample.share == pytest.approx(sample.map[TAKEN].sum() / sample.map[BAYS].sum())


def test_a_cut_that_shows_hardly_a_bay_is_judged_by_its_vehicles_and_teaches_no_counts() -> None:
    maps = LEFT_TAKEN.copy()
    maps[2:, :, [BAYS, TAKEN]] = 0  # the bays are in the two upper rows
    drawn, rng = Pictures(np.zeros((1, 64, 64, 3), np.uint8), np.array([0.5]), maps[None], np.array([True])), np.random.default_rng(0)
    shown = [cut_out(rng, drawn, 0, size=48, cells=48).map[BAYS].sum() for _ in range(40)]
    assert min(shown) == 0 < max(shown)


def test_maps_are_read_from_beside_the_photos_or_the_dataset_without_the_strips_of_a_jamcam_still(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    still = np.zeros((36, 44, 4), np.uint8)
    still[:4] = 255  # rows of the caption, which the network does not see
    Image.fromarray(still).save(tmp_path / "maps" / "a.png")
    (tmp_path / "full").mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (352, 288), "grey").save(tmp_path / "full" / name)
    paths = [tmp_path / "full" / "a.jpg", tmp_path / "full" / "b.jpg", io.BytesIO((tmp_path / "full" / "b.jpg").read_bytes())]
    stored = [np.nan, None, io.BytesIO((tmp_path / "maps" / "a.png").read_bytes())]  # the last photo is one of a dataset
    table = pd.DataFrame({"path": paths, "file": ["a.jpg", "b.jpg", "c.jpg"], "label": "full", "map": stored})
    for photos, expected in ((table, [True, False, True]), (table.drop(columns="map"), [True, False, False])):
        found = read_pictures(photos, 64, np.empty((0, 64, 64, 3), np.uint8))
        assert found.pixels.shape == (3, 64, 64, 3)
        assert found.has_map.tolist() == expected
        assert found.maps.max() == 0
        assert found.shares.tolist() == [0.88] * 3


def test_the_published_network_gives_the_share_that_was_fine_tuned() -> None:
    torch.manual_seed(0)
    network = CountingNetwork(nn.Sequential(nn.Conv2d(3, 4, 3, 16, padding=1)), 4).eval()
    for weights in network.counting.parameters():
        nn.init.normal_(weights)  # so that cells count unequally
    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    pictures = normalise(torch.from_numpy(pixels))
    published = nn.Sequential(network.body, counting_head(4))
    published[1][0].load_state_dict(network.counting.state_dict())
    install_head(published, AS_COUNTED.rescaled(1.5, 0.3))
    with torch.inference_mode():
        share, logits = Outputs(*network(pictures)).share.numpy(), published(pictures).numpy()
    assert logits[:, 1] - logits[:, 0] == pytest.approx(1.5 * share + 0.3, abs=1e-4)
    assert network.look(pixels)[0] == pytest.approx(share, abs=1e-4)


def test_counts_learn_where_the_bays_are() -> None:
    """The bays are in the upper half, whose left half is red and taken."""
    maps = LEFT_TAKEN.copy()
    maps[MAP_SIDE // 2 :] = 0
    drawn, rng = Pictures(drawings().pixels, np.array([0.5]), maps[None], np.array([True])), np.random.default_rng(0)
    drawn.pixels[:, :32, :, 2] = 255
    samples = [cut_out(rng, drawn, 0, size=64, cells=4) for _ in range(32)]
    pictures = normalise(torch.from_numpy(np.stack([sample.picture for sample in samples])))
    truth = torch.tensor([sample.share for sample in samples]), torch.from_numpy(np.stack([sample.map for sample in samples])).float()
    torch.manual_seed(0)
    network = CountingNetwork(nn.Sequential(nn.Conv2d(3, 8, 16, 16), nn.ReLU()), 8)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        loss_of(network(pictures), truth).backward()
        optimizer.step()
    answers, bays = Outputs(*network(pictures)), truth[1][:, BAYS].flatten(1)
    places = answers.log_counts.flatten(1).softmax(1).unflatten(1, (2, -1))  # of all bays, (n, free or taken, cells)
    on_bays = (places.sum(1) * (bays > 0.5)).sum(1)[bays.sum(1) > 4]
    assert on_bays.mean() > 0.8
    assert (answers.share.sigmoid() - truth[0]).abs().mean() < 0.1


def test_a_body_learns_where_vehicles_are_its_head_the_share_and_batch_norm_stays() -> None:
    frozen = nn.Sequential(nn.Conv2d(3, 8, 3, 4, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    body = nn.Sequential(nn.Sequential(frozen, nn.Sequential(nn.Conv2d(8, 4, 3, 8, padding=1), nn.BatchNorm2d(4))))
    before = {name: values.clone() for name, values in body.state_dict().items()}
    tuned = lessons().teach_drawings(body, np.full(40, True), epochs=1)
    moved = {name for name, values in tuned.body.state_dict().items() if not values.equal(before[name])}
    assert moved == {"0.1.0.weight", "0.1.0.bias", "0.1.1.weight", "0.1.1.bias"}  # ImageNet's first blocks stay, and all statistics


def test_real_photos_are_taught_beside_drawings_and_those_that_are_left_out_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []

    def watched(rng: np.random.Generator, pictures: Pictures, number: int, **sides: int) -> TrainingPicture:
        shown.append((number, len(pictures.light)))
        return cut_out(rng, pictures, number, **sides)

    monkeypatch.setattr(tuning, "cut_out", watched)
    body = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3, 32, padding=1), nn.Conv2d(4, 4, 1)))
    some = lessons(n_real=6)
    network = some.teach_drawings(body, np.full(46, True), epochs=1)
    assert {number for number, _ in shown} == set(range(40))
    before = {name: values.clone() for name, values in network.state_dict().items()}
    shown.clear()
    taught = np.arange(46) < 44
    some.teach_photos(network, taught, epochs=1)
    numbers = [number for number, _ in shown]
    assert [numbers.count(number) for number in range(40, 46)] == [PHOTO_VIEWS] * 4 + [0] * 2
    assert {number for number in numbers if number < 40} == set(range(40))
    assert {light for _, light in shown} == {4}  # the light of those that are left out is not lent
    assert all(values.equal(before[name]) for name, values in network.state_dict().items())  # a copy was taught


def test_the_published_weights_are_the_mean_of_the_later_steps() -> None:
    network = nn.Linear(1, 1)
    averaging = MeanWeights(network)
    for step, weight in ((0.2, 9.0), (0.6, 2.0), (1.0, 4.0)):
        nn.init.constant_(network.weight, weight)
        averaging.learn = SimpleNamespace(pct_train=step, model=network)
        averaging.after_step()
    averaging.after_fit()
    assert network.weight.item() == 3


def test_pictures_are_shown_in_the_light_of_photos_where_there_are_any() -> None:
    blue = np.full((1, 64, 64, 3), (0, 0, 250), np.uint8)
    lit = replace(drawings(), light=amplitudes_of(blue))
    plain, shown = (
        [cut_out(np.random.default_rng(n), drawn, 0, size=48, cells=3).picture for n in range(20)] for drawn in (drawings(), lit)
    )
    blues = [np.mean([picture[..., 2].mean() for picture in pictures]) for pictures in (plain, shown)]
    assert blues[0] < 15 < 30 < blues[1], blues


def test_fine_tuning_stops_when_unseen_scenes_gain_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tuning, "LEARNING_RATE", 0.0)
    body = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3, 32, padding=1), nn.Conv2d(4, 4, 1)))
    lessons().teach_drawings(body, np.full(40, True), epochs=40)
    assert "early stopping" in capsys.readouterr().out
