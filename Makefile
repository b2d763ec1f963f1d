# `make demo` and `make test` each work alone on a fresh clone, with Python 3.11+ and make; see README.md.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
# Some machines ask Python to keep no bytecode; each process would then compile Gradio and fastai again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

# What the last run made; `make space` shows it unless told otherwise.
export CARPARK_MODEL ?= artifacts/model
export CARPARK_DATASET ?= artifacts/dataset
export CARPARK_ARCHIVE ?= artifacts/sample/archive

.PHONY: all demo announce dataset model space space-env test test-quick lint format bench clean
all: lint test

# The Space with a model trained on generated car parks; the second time nothing is trained again. WEIGHTS=none uses nothing pretrained.
WEIGHTS ?= index
demo: CARPARK_MODEL = artifacts/model
demo: CARPARK_DATASET = artifacts/dataset
demo: CARPARK_ARCHIVE = artifacts/sample/archive
demo: announce artifacts/model/config.json space

announce:
	@test -f artifacts/model/config.json || echo "make demo: installs packages, draws car parks, trains a classifier on them," \
		"proves its four formats and opens http://127.0.0.1:7860; on two cores this takes $(if $(filter none,$(WEIGHTS)),8 or 9,3 to 5) minutes"

space: $(READY)
	$(RUN) space/app.py

# Fine-tuning with maps of the drawings learns from few of them; a network from scratch needs more, and learns less.
SAMPLE := $(if $(filter none,$(WEIGHTS)),--photos 1750 --views aerial aerial_oblique oblique_cctv pole ground,--photos 880 --maps)
TRAIN := $(RUN) -m training.train --data artifacts/dataset --out artifacts/model
TUNE := --arch efficientnet_lite0 --weights $(WEIGHTS) --fit finetune
SCRATCH := --arch resnet18_half --weights none --size 128 --epochs 24

# Fetching the weights and the first imports, which compile thousands of files, each take one core: they pass beside the drawing.
PREPARE := import gradio, onnxscript, onnxruntime.quantization, sklearn.covariance; from training.weights import load_start

artifacts/sample/truth.csv: | $(READY)
	@echo "make demo, 1 of 4: drawing car parks and a camera's day, since no photos can be shipped"
	@$(RUN) -c "$(PREPARE); load_start('efficientnet_lite0', '$(WEIGHTS)')" >/dev/null 2>&1 &
	$(RUN) -m training.sample --out artifacts/sample $(SAMPLE)

artifacts/dataset/README.md: | artifacts/sample/truth.csv
	@echo "make demo, 2 of 4: making a dataset of the photos"
	$(RUN) -m training.dataset --data artifacts/sample/photos --out artifacts/dataset

artifacts/model/config.json: | artifacts/dataset/README.md
	@echo "make demo, 3 of 4: training, exporting and proving the formats"
ifneq ($(WEIGHTS),none)
	@$(TRAIN) $(TUNE) || { test $$? -eq 3 && echo "make demo: a small network is trained from scratch instead, which takes longer" && $(TRAIN) $(SCRATCH); }
else
	$(TRAIN) $(SCRATCH)
endif
	@echo "make demo, 4 of 4: starting the page"

# Photos of real car parks that may be passed on: collected, cleaned, split. Stopped or killed, the same command goes on where it was.
# CARPARK_CONTACT says how to reach you; CLEAN_WITH="--weights none" does without ImageNet weights.
COLLECT := $(RUN) -m training.collect --out data/raw --limit $(or $(LIMIT),300)
dataset: $(READY) | artifacts/sample/truth.csv
	$(COLLECT) --source openverse $(OPENVERSE) --dry-run
	$(COLLECT) --source commons $(COMMONS) --dry-run
	$(COLLECT) --source openverse $(OPENVERSE)
	$(COLLECT) --source commons $(COMMONS)
	$(RUN) -m training.clean --data data/raw --out data/clean --auto $(CLEAN_WITH)
	$(RUN) -m training.dataset --data data/clean --out artifacts/dataset --generated artifacts/sample/photos

# The recipe that docs/recipe.md chose: fine-tuned on drawn car parks and streets, then on your photos. DATA names their folders.
model: $(READY)
	@test -n "$(DATA)" || { echo 'make model needs your photos: make model DATA="photos more-photos"'; exit 1; }
	$(MAKE) artifacts/drawn/truth.csv
	$(RUN) -m training.train --data artifacts/drawn/photos $(DATA) --out artifacts/model

artifacts/drawn/truth.csv: | $(READY)
	$(RUN) -m training.sample --out artifacts/drawn --photos 1600 --streets 800 --maps --varied

# The Space as the Hub runs it, for the tests: the Python that its card names, with the Space's own requirements and nothing else.
SPACE_VERSION := $(shell sed -n 's/^python_version: "\(.*\)"/\1/p' space/README.md)
SPACE_PYTHON ?= python$(SPACE_VERSION)
space-env: .venv-space/ready

.venv-space/ready: space/requirements.txt | $(READY)
	@$(SPACE_PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(SPACE_VERSION)")' 2>/dev/null || \
		{ echo "$(SPACE_PYTHON) is not the Python $(SPACE_VERSION) that space/README.md names: make space-env SPACE_PYTHON=/path/to/python$(SPACE_VERSION)"; exit 1; }
	$(VENV)/bin/uv venv --quiet --clear --no-python-downloads --python "$$($(SPACE_PYTHON) -c 'import sys; print(sys.executable)')" .venv-space
	$(VENV)/bin/uv pip install --quiet --python .venv-space/bin/python -r space/requirements.txt
	touch $@

# One process more than there are cores, since some tests wait; each has one thread, or networks would wait for each other's threads.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)')
PYTEST := OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
test: $(READY)
	$(PYTEST)

# Without training, Spaces, browsers and other processes: under a minute.
test-quick: $(READY)
	$(PYTEST) -m "not slow"

lint: $(READY)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check --quiet
	$(VENV)/bin/mypy

format: $(READY)
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

bench: artifacts/model/config.json
	$(RUN) -W ignore -m benchmarks.bench_model
	$(RUN) -W ignore -m benchmarks.bench_day
	$(RUN) -W ignore -m benchmarks.bench_page
	$(RUN) -W ignore -m benchmarks.bench_start
	$(RUN) -W ignore -m benchmarks.bench_sample
	$(RUN) -W ignore -m benchmarks.bench_record
	$(RUN) -W ignore -m benchmarks.bench_publish

clean:
	rm -rf artifacts $(VENV) .venv-space

# uv installs the whole set in well under a minute; it comes from the package index like the rest. The pip of the system fetches it, where
# there is one, since a venv takes five seconds to be given a pip of its own in the usual way.
GET_UV := install --quiet --disable-pip-version-check pip uv
$(READY): requirements.txt space/requirements.txt traffic/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(0 if sys.version_info >= (3, 11) else f"Python {v} found; 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "installing the packages of requirements.txt into $(VENV)"
	test -x $(RUN) || $(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(RUN) $(GET_UV) 2>/dev/null || { $(RUN) -m ensurepip >/dev/null && $(RUN) -m pip $(GET_UV); }
	$(VENV)/bin/uv pip install --quiet --python $(RUN) -r requirements.txt
	$(VENV)/bin/uv pip install --quiet --python $(RUN) --no-deps --editable .
	touch $@
