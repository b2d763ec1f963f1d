"""The Space as it is deployed: `space/` alone in an otherwise empty folder."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import handle_file

from tests.running_space import SPACE, connect, running_space

LOADED = """
import json, runpy, sys
runpy.run_path("app.py")
print(json.dumps([m.__file__ for name, m in sys.modules.items() if name.split(".")[0] in ("carpark", "tabs", "training", "traffic")]))
"""


@pytest.fixture
def bare_space(tmp_path: Path) -> Path:
    copy: Path = shutil.copytree(SPACE, tmp_path / "space", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_a_bare_copy_imports_its_own_carpark_and_nothing_else_of_ours(bare_space: Path) -> None:
    printed = subprocess.run([sys.executable, "-c", LOADED], cwd=bare_space, check=True, capture_output=True, text=True).stdout
    files = [Path(file) for file in json.loads(printed.splitlines()[-1])]
    assert {"carpark", "tabs"} <= {file.parent.name for file in files}
    assert all(file.is_relative_to(bare_space) for file in files)


def test_a_bare_copy_starts_classifies_and_writes_nothing_into_itself(
    bare_space: Path, tiny_model_folder: Path, sample_folder: Path
) -> None:
    before = set(files_of(bare_space))
    photo = next((sample_folder / "photos").glob("full/*.jpg"))
    with running_space({"CARPARK_MODEL": tiny_model_folder}, bare_space) as space:
        answer = connect(space.url).predict(handle_file(photo), api_name="/classify")
    assert answer["label"] in ("empty", "full")
    assert set(files_of(bare_space)) == before


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]


def test_the_card_names_the_gradio_that_is_pinned() -> None:
    card = (SPACE / "README.md").read_text(encoding="utf-8")
    pins = (SPACE / "requirements.txt").read_text(encoding="utf-8")
    (named,) = re.findall(r"^sdk_version: (\S+)$", card, re.MULTILINE)
    (pinned,) = re.findall(r"^gradio\S*==(\S+)$", pins, re.MULTILINE)
    assert named == pinned
    assert "app_file: app.py" in card
