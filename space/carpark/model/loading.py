"""A model folder, opened: what answers, and the training photos that pictures are compared with."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from carpark.model.config import Engine
from carpark.model.engines import Model, load_engine
from carpark.model.neighbours import Neighbours, load_neighbours


def load_model(folder: Path, engine: Engine = "int8") -> Model:
    """The model in `folder`. The photos are read when the first picture is compared with them. Raises BadModel, then too."""

    @cache
    def neighbours() -> Neighbours:
        return load_neighbours(folder)

    return replace(load_engine(folder, engine), compare=lambda features: neighbours().are_car_parks(features))
