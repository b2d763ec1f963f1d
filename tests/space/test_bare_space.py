"""The Space as it is deployed: `space/` alone in an otherwise empty folder. test_pinned_space.py starts the published one."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.running_space import SPACE

LOADED = """
import json, runpy, sys
runpy.run_path("app.py")
print(json.dumps([m.__file__ for name, m in sys.modules.items() if name.split(".")[0] in ("carpark", "tabs", "training", "traffic")]))
"""


def test_a_bare_copy_imports_its_own_carpark_and_nothing_else_of_ours(tmp_path: Path) -> None:
    bare_space: Path = shutil.copytree(SPACE, tmp_path / "space", ignore=shutil.ignore_patterns("__pycache__"))
    printed = subprocess.run([sys.executable, "-c", LOADED], cwd=bare_space, check=True, capture_output=True, text=True).stdout
    files = [Path(file) for file in json.loads(printed.splitlines()[-1])]
    assert {"carpark", "tabs"} <= {file.parent.name for file in files}
    assert all(file.is_relative_to(bare_space) for file in files)


def test_the_card_names_the_gradio_that_is_pinned() -> None:
    card = (SPACE / "README.md").read_text(encoding="utf-8")
    pins = (SPACE / "requirements.txt").read_text(encoding="utf-8")
    (named,) = re.findall(r"^sdk_version: (\S+)$", card, re.MULTILINE)
    (pinned,) = re.findall(r"^gradio\S*==(\S+)$", pins, re.MULTILINE)
    assert named == pinned
    assert "app_file: app.py" in card
