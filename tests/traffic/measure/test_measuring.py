"""Camera days measured without Ray: any engine that answers for each job will do."""

import pickle
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carpark.archives.folder import FolderArchive
from carpark.day import camera_day
from carpark.day.kept import EDITION
from carpark.errors import BadSetting, NoDay
from tests.city import City, write_city
from tests.toy_day import FULLNESS, ToyModel
from traffic.dataset import About, frames_path, list_days, read_cameras
from traffic.measure.jobs import Job, choose_cameras
from traffic.measure.judging import WorkerSettings, judge_job
from traffic.measure.measuring import measure, measure_listed
from traffic.measure.output import begin, sole_writer
from traffic.measure.table import SCHEMA

DAY = date(2020, 3, 9)
ABOUT = About("toy", "a toy", "a city", EDITION)
SETTINGS = WorkerSettings("", "", "toy", "0.1.0")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """An archive of eight cameras with 24 slots, and its truth."""
    folder = tmp_path_factory.mktemp("city") / "archive"
    truth = write_city(folder, City(8, DAY, slots=24))
    return SimpleNamespace(archive=FolderArchive(folder), cameras=choose_cameras(FolderArchive(folder), "all"), truth=truth)


def judging(archive, settings=SETTINGS, model=None):
    model = model or ToyModel(fullness=FULLNESS)
    return lambda jobs: (judge_job(job, archive, model, settings) for job in jobs)


def read(out):
    return pd.concat([pq.ParquetFile(frames_path(out, day)).read().to_pandas() for day in list_days(out)], ignore_index=True)


def is_same(measured, shown):
    """Cell by cell; Parquet has one kind of null, pandas several."""
    schema = pa.schema([SCHEMA.field(name) for name in shown.columns])
    expected, found = (pa.Table.from_pandas(table[shown.columns], schema=schema, preserve_index=False) for table in (shown, measured))
    return found.replace_schema_metadata(None).equals(expected.replace_schema_metadata(None))


def never(jobs):
    raise AssertionError(f"measured again: {list(jobs)}")


def test_a_camera_that_appears_between_two_rounds_is_measured_from_then_on(tmp_path):
    write_city(tmp_path / "archive", City(3, DAY, slots=4))
    archive, run = FolderArchive(tmp_path / "archive"), partial(measure_listed, out=tmp_path / "out")
    last = archive.cameras()[-1].folder
    (tmp_path / "archive" / last).rename(tmp_path / "later")
    assert run(archive, "all", [DAY], engine=judging(archive)).measured == 2
    (tmp_path / "later").rename(tmp_path / "archive" / last)
    assert run(archive, "all", [DAY], engine=judging(archive)).measured == 1
    assert last in set(read(tmp_path / "out").folder) and len(set(read(tmp_path / "out").folder)) == 3


def test_each_camera_day_is_what_the_space_shows_cell_by_cell(city, tmp_path):
    tally = measure(city.archive, city.cameras, [DAY], out=tmp_path, engine=judging(city.archive))
    rows = read(tmp_path)
    assert (tally.measured, tally.failed) == (8, 1)
    for camera in city.cameras[:7]:
        shown = camera_day(camera, DAY, archive=city.archive, model=ToyModel(fullness=FULLNESS))
        mine = rows[rows["folder"] == camera.folder].reset_index(drop=True)
        assert is_same(mine, shown)
        assert set(mine["camera"]) == {camera.id} and set(mine["model"]) == {"toy"} and set(mine["is_final"]) == {True}
    assert [camera.id for camera in read_cameras(tmp_path)] == [camera.id for camera in city.cameras]


def test_the_planted_states_are_found_and_each_frame_has_its_view(city, tmp_path):
    measure(city.archive, city.cameras, [DAY], out=tmp_path, engine=judging(city.archive))
    found = read(tmp_path).merge(city.truth, on=["folder", "slot"], suffixes=("", "_true"))
    assert len(found) == 7 * 24
    assert (found["state"] == found["state_true"]).all()
    assert set(found.loc[found["state"] == "ok", "view"]) == {"NORTH - High St"}


def test_a_camera_that_fails_is_a_row_that_says_why(city, tmp_path):
    measure(city.archive, city.cameras, [DAY], out=tmp_path, engine=judging(city.archive))
    (row,) = read(tmp_path).query("folder == 'Street_007_Mill_Ln'").to_dict("records")
    assert (row["state"], pd.isna(row["slot"]), pd.isna(row["p_full"])) == ("failed", True, True)
    assert row["reason"].startswith("No frame of Street 007/Mill Ln on 2020-03-09")


def test_the_order_in_which_camera_days_are_done_changes_nothing(city, tmp_path):
    for out, order in ((tmp_path / "a", list), (tmp_path / "b", lambda jobs: list(jobs)[::-1])):
        measure(city.archive, city.cameras, [DAY], out=out, engine=lambda jobs, order=order: judging(city.archive)(order(jobs)))
    assert frames_path(tmp_path / "a", DAY).read_bytes() == frames_path(tmp_path / "b", DAY).read_bytes()


def test_a_run_that_was_killed_continues_and_measures_nothing_twice(city, tmp_path):
    asked = []

    def dying(jobs):
        for job in jobs:
            if len(asked) == 3:
                raise KeyboardInterrupt
            asked.append(job.camera.folder)
            yield judge_job(job, city.archive, ToyModel(), SETTINGS)

    with pytest.raises(KeyboardInterrupt):
        measure(city.archive, city.cameras, [DAY], out=tmp_path, engine=dying)
    (tmp_path / "unfinished" / f"{DAY}" / "Street_004_Mill_Ln.parquet.1-1.half-written").write_bytes(b"PAR1")
    begin(tmp_path, ABOUT)
    tally = measure(city.archive, city.cameras, [DAY], out=tmp_path, engine=judging(city.archive, model=ToyModel()))
    assert (tally.measured, tally.skipped) == (5, 3)
    rows = read(tmp_path)
    assert not rows.duplicated(["folder", "slot"]).any() and rows["folder"].nunique() == 8
    assert not [path for path in (tmp_path / "unfinished").rglob("*") if path.is_file()]
    failed = measure(city.archive, city.cameras[:7], [DAY], out=tmp_path, engine=never)
    assert (failed.measured, failed.skipped) == (0, 7)


def test_cameras_that_are_measured_later_join_their_day(city, tmp_path):
    for cameras in (city.cameras[2:4], city.cameras[:1], city.cameras[3:7]):
        measure(city.archive, cameras, [DAY], out=tmp_path / "parts", engine=judging(city.archive))
    measure(city.archive, city.cameras[:1] + city.cameras[2:7], [DAY], out=tmp_path / "whole", engine=judging(city.archive))
    pd.testing.assert_frame_equal(read(tmp_path / "parts"), read(tmp_path / "whole"))


def test_a_growing_day_is_measured_again_but_only_new_frames_are_judged(city, tmp_path):
    archive, (camera, *_) = city.archive, city.cameras
    growing, day_folder = FolderArchive(tmp_path / "grows"), Path(camera.folder, f"{DAY}")
    names = sorted(path.name for path in (archive.folder / day_folder).iterdir())
    (growing.folder / day_folder).mkdir(parents=True)
    settings, model = WorkerSettings("", "", "toy", "", memory=tmp_path / "memory"), ToyModel(fullness=FULLNESS)
    for first, last in ((0, 12), (12, 15), (15, len(names))):
        for name in names[first:last]:
            (growing.folder / day_folder / name).hardlink_to(archive.folder / day_folder / name)
        measured = judge_job(Job(camera, DAY), growing, model, settings)
        with next((tmp_path / "memory").rglob("*.frames")).open("ab") as file:  # a worker that was killed in mid-write
            file.write(pickle.dumps(("torn", "entry"))[:9])
    (tmp_path / "out.parquet").write_bytes(measured.parquet)
    mine = pq.ParquetFile(tmp_path / "out.parquet").read().to_pandas()
    shown = camera_day(camera, DAY, archive=growing, model=ToyModel(fullness=FULLNESS))
    assert is_same(mine, shown)
    assert set(mine["view"]) == {"NORTH - High St", ""}
    assert sum(model.batches) == (shown["state"] == "ok").sum()  # each usable frame was classified once


def test_a_day_without_frames_and_a_dataset_of_another_model_are_refused(city, tmp_path):
    with pytest.raises(NoDay, match=r"None of 8 cameras has a frame from 2020-03-10 to 2020-03-11 in .*\. Choose other --days\."):
        measure(city.archive, city.cameras, [date(2020, 3, 10), date(2020, 3, 11)], out=tmp_path, engine=judging(city.archive))
    begin(tmp_path, ABOUT)
    with pytest.raises(
        BadSetting, match=r"was measured with model toy \(a toy\), and this run has model other \(b\)\. Choose another --out"
    ):
        begin(tmp_path, About("other", "b", "a city", EDITION))


def test_two_runs_cannot_write_into_one_folder(tmp_path):
    with sole_writer(tmp_path), pytest.raises(BadSetting, match="is being measured into by another process"), sole_writer(tmp_path):
        pass


def test_an_output_that_cannot_be_written_ends_the_run_with_one_line_and_loses_nothing(city, tmp_path):
    measure(city.archive, city.cameras[:2], [DAY], out=tmp_path, engine=judging(city.archive))
    (tmp_path / "unfinished").rmdir()
    (tmp_path / "unfinished").write_text("no folder")
    with pytest.raises(BadSetting, match=r"cannot be written \(.*\)\. What was written before is kept; run again when there is room\."):
        measure(city.archive, city.cameras[:3], [DAY], out=tmp_path, engine=judging(city.archive))
    (tmp_path / "unfinished").unlink()
    assert measure(city.archive, city.cameras[:3], [DAY], out=tmp_path, engine=judging(city.archive)).skipped == 2
