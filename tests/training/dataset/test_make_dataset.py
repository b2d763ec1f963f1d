"""From a search to a dataset that loads: what `make dataset` runs, against servers on loopback."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.photo_sources import OpenverseServer
from training.clean import __main__ as clean
from training.collect import __main__ as collect
from training.dataset import __main__ as dataset

ROOT = Path(__file__).resolve().parents[3]
LOAD = """
import json, sys
from datasets import load_dataset
loaded_splits = {}
for config in ("default", "permissive"):
    for split, rows in load_dataset(sys.argv[1], config).items():
        loaded_splits[f"{config} {split}"] = {"scenes": rows["scene"], "licenses": rows["license"], "labels": rows["label"]}
        names, columns = rows.features["label"].names, rows.column_names
print(json.dumps(loaded_splits | {"names": names, "columns": columns}, default=list))
"""


def test_what_was_collected_and_cleaned_loads_with_no_scene_on_two_sides(tmp_path: Path) -> None:
    raw, cleaned, repo = tmp_path / "raw", tmp_path / "clean", tmp_path / "dataset"
    with OpenverseServer(45) as server:
        for label in ("empty", "full"):
            api = ["--api", f"{server.base}/v1/images/", "--pause", "0.01"]
            collect.main(
                ["--source", "openverse", *api, "--label", label, "--query", f"{label} parking", "--limit", "20", "--out", str(raw)]
            )
    clean.main(["--data", str(raw), "--out", str(cleaned), "--auto", "--weights", "none"])
    dataset.main(["--data", str(cleaned), "--out", str(repo)])
    assert {"cleaning.csv", "shortcuts.csv", "ATTRIBUTION.md", "README.md"} <= {path.name for path in repo.iterdir()}

    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, str(repo)], env=environment, capture_output=True, text=True, check=True
    )
    loaded_splits = json.loads(loaded.stdout.splitlines()[-1])
    assert loaded_splits["names"] == ["empty", "full"] and {"license", "creator", "attribution", "sha256", "phash", "scene"} <= set(
        loaded_splits["columns"]
    )
    scenes = [set(loaded_splits[f"default {split}"]["scenes"]) for split in ("train", "validation", "test")]
    assert all(scenes) and not (scenes[0] & scenes[1] or scenes[0] & scenes[2] or scenes[1] & scenes[2])
    assert sum(len(loaded_splits[f"default {split}"]["labels"]) for split in ("train", "validation", "test")) >= 38
    permissive = [license_id for name, rows in loaded_splits.items() if name.startswith("permissive") for license_id in rows["licenses"]]
    assert set(permissive) == {"cc0", "pdm", "by"}


def test_make_dataset_runs_the_steps_in_order_and_says_first_what_it_will_take() -> None:
    planned = subprocess.run(["make", "-n", "dataset"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    steps = re.findall(r"-m training\.(collect|clean|dataset)\b.*?(--dry-run)?$", planned, re.M)
    assert steps == [("collect", "--dry-run")] * 2 + [("collect", "")] * 2 + [("clean", ""), ("dataset", "")]
