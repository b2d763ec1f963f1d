"""What other people get from the published repos, each in a process of its own: the Space, the learner, the dataset."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from carpark.images import open_image
from carpark.model import load_model
from tests.hub_repos import Blob
from tests.mini_hub import MiniHub
from tests.publishing import REPOS, ROOT, loopback_hub, publish_to, repo_of, request_for
from tests.running_space import SPACE, connect, running_space

# The Python that the Space's card names, with nothing but space/requirements.txt: another one than that which exported the learner.
# `make space-env` makes it where there is a Python 3.12; elsewhere the Space runs on this one.
AS_HOSTED = ROOT / ".venv-space" / "bin" / "python"
# As on a machine that has none of our code: the editable install of this checkout is taken off the path.
STRANGER = """
import importlib.util, os, sys
sys.path = [path for path in sys.path if os.path.basename(path) == "site-packages" or f"{os.sep}lib{os.sep}python" in path]
assert not any(map(importlib.util.find_spec, ("carpark", "training")))
"""
FETCH = "import sys; from huggingface_hub import snapshot_download as get; get(sys.argv[1], repo_type='space', local_dir=sys.argv[2])"
OPEN_MODEL = """
from pathlib import Path
from carpark.hub.revisions import PINS_FILE, read_pins
from tabs.sources import Sources, problem
sources = Sources({}, read_pins(Path(PINS_FILE)))
print(problem(sources.%s), *sources.notes(), sep="\\n")
"""
LOAD_DATASET = """
from datasets import load_dataset
for split, photos in load_dataset("alice/carpark-photos").items():
    print(split, len(photos), photos.features["label"].names, photos[0]["image"].mode)
    print(len(list(load_dataset("alice/carpark-photos", "permissive", split=split, streaming=True))))
"""


@dataclass(frozen=True)
class Publication:
    hub: MiniHub
    space: Path  # the Space's pushed files, fetched from the Hub
    model: Path  # what was published
    home: Path  # a cache of its own

    def ask(self, script: str, *arguments: str, **environment: str) -> str:
        """What a stranger's process prints, with the pushed Space as its working folder."""
        network = self.hub.environment(None, home=self.home) | environment
        command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
        done = subprocess.run(command, cwd=self.space, env=os.environ | network, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def shared(tiny_model_folder: Path, dataset_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MiniHub, Path]]:
    """A Hub that everything was published to, and the Space's files from there."""
    work = tmp_path_factory.mktemp("published")
    with loopback_hub(work / "cache") as hub:
        publish_to(hub, request_for(dataset_folder, tiny_model_folder))
        network = hub.environment(None, home=work / "home")
        subprocess.run([sys.executable, "-c", FETCH, REPOS["space"], str(work / "space")], env=os.environ | network, check=True)
        shutil.rmtree(work / "space" / ".cache")
        yield hub, work / "space"


@pytest.fixture
def published(shared: tuple[MiniHub, Path], tiny_model_folder: Path, tmp_path: Path) -> Publication:
    return Publication(*shared, tiny_model_folder, tmp_path / "home")


@pytest.fixture
def booby_trap(tmp_path: Path) -> tuple[Path, bytes]:
    """A file, and a pickle that creates it when it is opened."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    trap = pickle.dumps(Trap())
    pickle.loads(trap)
    (tmp_path / "sprung").unlink()
    return tmp_path / "sprung", trap


def test_the_pushed_space_starts_alone_classifies_and_writes_nothing_into_itself(published: Publication, sample_folder: Path) -> None:
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    before, python = files_of(published.space), str(AS_HOSTED) if AS_HOSTED.exists() else sys.executable
    with running_space(published.hub.environment(None, home=published.home), published.space, python) as space:
        page = connect(space.url)
        result = page.predict(handle_file(photo), api_name="/classify")
    assert files_of(published.space) == before
    assert result["p_full"] == pytest.approx(float(load_model(published.model, "learner").p_full([open_image(photo)])[0]), abs=1e-5)


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"}


def test_a_pickle_swapped_at_a_new_revision_is_not_fetched(published: Publication, booby_trap: tuple[Path, bytes]) -> None:
    sprung, trap = booby_trap
    repo = repo_of(published.hub, "model")
    honest = repo.head
    published.hub.lfs[Blob(trap).sha256] = trap
    repo.commit({**honest.files, "model.pkl": Blob(trap, is_lfs=True)}, "Improve the model")
    try:
        assert published.ask(OPEN_MODEL % "model_folder") == "\n"
        assert not any(trap == path.read_bytes() for path in published.home.rglob("*") if path.is_file())
    finally:
        repo.commits.remove(repo.head)
    assert not sprung.exists()


def test_a_pickle_swapped_at_the_pinned_revision_is_never_opened(
    published: Publication, booby_trap: tuple[Path, bytes], sample_folder: Path
) -> None:
    sprung, trap = booby_trap
    files = repo_of(published.hub, "model").head.files
    honest = files["model.pkl"]
    files["model.pkl"] = swapped = Blob(trap, is_lfs=True)
    published.hub.lfs[swapped.sha256] = trap
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    try:
        with running_space(published.hub.environment(None, home=published.home), published.space) as space:
            page = connect(space.url)
            for _ in range(2):  # the Space refuses the model and stays up
                with pytest.raises(AppError, match=rf"^model\.pkl of {REPOS['model']}@") as refusal:
                    page.predict(handle_file(photo), api_name="/classify")
    finally:
        files["model.pkl"] = honest
    assert f"expected sha256 {honest.sha256}, found {swapped.sha256}. Nothing of it was loaded." in str(refusal.value)
    assert trap in [path.read_bytes() for path in published.home.rglob("*") if path.is_file()]  # it was fetched, and left alone
    assert not sprung.exists()


def test_a_config_that_vouches_for_another_pickle_is_refused_as_well(published: Publication, booby_trap: tuple[Path, bytes]) -> None:
    sprung, trap = booby_trap
    files = repo_of(published.hub, "model").head.files
    honest = dict(files)
    config = json.loads(files["config.json"].data)
    config["files"]["model.pkl"]["sha256"] = Blob(trap).sha256
    files |= {"config.json": Blob(json.dumps(config).encode()), "model.pkl": Blob(trap, is_lfs=True)}
    published.hub.lfs[Blob(trap).sha256] = trap
    try:
        assert published.ask(OPEN_MODEL % "photo_model").startswith(f"config.json of {REPOS['model']}@")
    finally:
        files |= honest
    assert not sprung.exists()


def test_without_a_hub_it_starts_from_a_warm_cache_and_says_so_and_explains_a_cold_one(published: Publication, tmp_path: Path) -> None:
    published.ask(OPEN_MODEL % "model_folder")
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    warm = published.ask(OPEN_MODEL % "model_folder", **nobody)
    assert re.match(r"\nThe Hub does not answer \(.*\): model .* comes from the cache\.", warm)
    cold = published.ask(OPEN_MODEL % "model_folder", **nobody, HF_HOME=str(tmp_path / "cold"))
    assert "the Hub cannot be reached for a model that is not cached" in cold


def test_a_stranger_loads_the_learner_as_the_card_says(published: Publication, sample_folder: Path, tmp_path: Path) -> None:
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    shutil.copy(photo, tmp_path / "photo.jpg")
    card = repo_of(published.hub, "model").head.files["README.md"].data.decode()
    snippet = re.search(r"```python fastai\n(.*?)```", card, re.S)
    assert snippet
    result = published.ask(STRANGER + f"os.chdir({str(tmp_path)!r})\n" + snippet[1])
    ours = load_model(published.model, "learner").p_full([open_image(photo)])[0]
    assert json.loads(result.splitlines()[-1].replace("'", '"'))["full"] == pytest.approx(float(ours), abs=1e-5)


def test_a_stranger_loads_the_dataset_and_streams_what_is_permissive(published: Publication, dataset_folder: Path) -> None:
    sizes = {split: len(pq.read_table(next((dataset_folder / "data").glob(f"{split}-*")))) for split in ("train", "validation", "test")}
    expected = [line for split, n in sizes.items() for line in (f"{split} {n} ['empty', 'full'] RGB", str(n))]
    assert published.ask(STRANGER + LOAD_DATASET).splitlines()[-6:] == expected


def test_on_zero_gpu_one_function_is_declared_before_the_page_is_built(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text("declared = []\ndef GPU(function):\n    declared.append(function.__name__)\n    return function\n")
    script = "import runpy, spaces; runpy.run_path('app.py'); print(spaces.declared)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", script], cwd=SPACE, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "['name_gpu']"
