"""Check on photos of your choice that the four formats of a model folder agree.

python -m training.export --model artifacts/model --data photos
"""

import argparse
import json
from pathlib import Path

from carpark.errors import one_line_errors
from carpark.model.config import read_config
from training.export.proof import prove_agreement
from training.memory import keep_freed_memory
from training.photos import load_photos


def main(argv: list[str] | None = None) -> None:
    """Print the largest differences between the formats, as JSON. Fails if one exceeds its bound."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Check that the formats of a model agree.")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--data", type=Path, required=True, help="photos folder")
    args = parser.parse_args(argv)
    keep_freed_memory()
    with one_line_errors():
        config = read_config(args.model)
        photos, pixels = load_photos(args.data, config.input_size, scene_boxes=config.scene_boxes)
        print(json.dumps(prove_agreement(args.model, pixels, photos.label)))


if __name__ == "__main__":
    main()
