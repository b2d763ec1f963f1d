"""Drawn pictures whose answers config.json records: loading a form fails on a processor where it answers differently."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from carpark.errors import BadModel
from carpark.model.config import Engine

# How far a probability may lie from the recorded one. int8 with weights of 7 bits gives the same on processors with and without VNNI
# (0.000); with weights of 8 bits, whose sums saturate without VNNI, the stripes differ by 0.28.
KNOWN_TOLERANCES: Mapping[Engine, float] = {"int8": 0.05, "fp32": 2e-3, "safetensors": 2e-3, "learner": 2e-3}

BLACK_AND_WHITE = ((0, 0, 0), (255, 255, 255))
RED_AND_CREAM = ((200, 60, 40), (250, 250, 200))


def draw_known_pictures(input_size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(6, height, width, 3): a gradient and patterns of two colours, whose hard edges drive the sums of a network high."""
    height, width = input_size
    y, x = np.indices(input_size)
    gradient = np.stack([255 * x // width, 255 * y // height, 255 * (x + y) // (width + height)], axis=-1)
    patterns = (
        (x // 16, BLACK_AND_WHITE),  # stripes
        (x // 3 + y // 9, RED_AND_CREAM),  # bricks
        (x // 8 + y // 8, RED_AND_CREAM),  # chequers
        ((x + 2 * y) // 32, BLACK_AND_WHITE),  # diagonals
        (((x - width // 2) ** 2 + (y - height // 2) ** 2) // 256, RED_AND_CREAM),  # rings
    )
    return np.stack([gradient, *(np.array(colours)[pattern % 2] for pattern, colours in patterns)]).astype(np.uint8)


def check_answers(path: Path, engine: Engine, answers: npt.NDArray[np.float32], known: list[list[float]]) -> None:
    """Raises BadModel where the probabilities that the form in `path` gives for the known pictures are not the recorded ones."""
    expected = np.array(known)
    gap = float(np.abs(answers - expected).max()) if answers.shape == expected.shape else np.inf
    if not gap <= KNOWN_TOLERANCES[engine]:
        raise BadModel(
            f"{path} answers differently on this machine than where it was made: a known picture's probability differs by {gap:.3f} "
            f"(at most {KNOWN_TOLERANCES[engine]} is allowed). {'Use engine fp32' if engine == 'int8' else 'Make the folder again here'}."
        )
