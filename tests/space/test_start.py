"""A cold start: what is imported before the page is served, and which form of the model answers until the learner is loaded."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from carpark.errors import BadModel
from carpark.images import open_image
from tabs.sources import Sources
from tests.running_space import SPACE, running_space
from training.export.proof import BOUNDS

SLOW = {"torch", "torchvision", "fastai", "matplotlib", "datasets"}
PARQUET = {"pyarrow.parquet", "pyarrow.dataset"}  # pyarrow itself comes with pandas, and pandas with Gradio
BUILD = """
import json, sys
from pathlib import Path
import app
from carpark.images import open_image
from tabs.photo.answer import judge_photo
model, photos, work = sys.argv[1:]
app.share_cores()
sources = app.Sources({"CARPARK_MODEL": model, "CARPARK_DATASET": photos})
page = app.build_page(sources, Path(work))
print(json.dumps(sorted(sys.modules)))
answer, _ = judge_photo(sources.photo_model(), open_image(next(Path(photos).glob("full/*.jpg"))))
print(json.dumps([answer.engine, sorted(sys.modules)]))
from gradio.utils import MatplotlibBackendMananger
with MatplotlibBackendMananger():  # as around each event
    print(json.dumps("matplotlib.pyplot" in sys.modules))
import torch
print(torch.get_num_threads())
"""


def test_nothing_slow_is_imported_before_the_page_or_for_the_first_answer(
    tiny_model_folder: Path, sample_folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", BUILD, str(tiny_model_folder), str(sample_folder / "photos"), str(tmp_path)]
    printed = subprocess.run(
        command, cwd=SPACE, env=os.environ | {"OMP_NUM_THREADS": "2"}, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    page, (engine, answer), has_pyplot, threads = map(json.loads, printed)
    assert (SLOW | PARQUET) & set(page) == set()
    assert SLOW & set(answer) == set()
    assert has_pyplot is False
    assert (engine, threads) == ("fp32", 1)


def test_the_learner_takes_over_and_agrees_within_the_proof(tiny_model_folder: Path, sample_folder: Path) -> None:
    photos = [open_image(path) for path in sorted((sample_folder / "photos").glob("*/*.jpg"))[::6]]
    sources = Sources({"CARPARK_MODEL": str(tiny_model_folder)})
    first = sources.photo_model()
    sources.learner()
    learner = sources.photo_model()
    assert (first.engine, learner.engine) == ("fp32", "learner")
    before, after = first.predict(photos), learner.predict(photos)
    assert before.p_full == pytest.approx(after.p_full, abs=BOUNDS["fp32"])
    assert before.fullness == pytest.approx(after.fullness, abs=BOUNDS["fp32"])
    assert before.features == pytest.approx(after.features, abs=BOUNDS["fp32"])


def test_a_model_whose_learner_is_not_the_one_named_answers_nothing(tiny_model_folder: Path, tmp_path: Path) -> None:
    own_copy = Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))
    (own_copy / "model.pkl").write_bytes(b"other bytes")
    sources = Sources({"CARPARK_MODEL": str(own_copy)})
    with pytest.raises(BadModel, match=r"model\.pkl is not the file that config\.json names") as refusal:
        sources.photo_model()
    assert str(refusal.value) in sources.problems()


def test_ctrl_c_while_torch_is_imported_ends_the_space_quietly(tiny_model_folder: Path) -> None:
    with running_space({"CARPARK_MODEL": tiny_model_folder}) as space:
        process = Path("/proc", str(space.pid))
        while "libtorch" not in (process / "maps").read_text():
            time.sleep(0.02)
        os.kill(space.pid, signal.SIGINT)
        while "\nState:\tZ" not in (process / "status").read_text():
            time.sleep(0.02)
        assert space.printed().splitlines()[-1].startswith("Keyboard interruption")
