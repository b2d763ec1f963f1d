"""What was claimed of this classifier in 2020, measured on a model folder, and printed in its card.

    python -m training.claims --model artifacts/model --generated artifacts/sample/photos
    python -m training.claims --model artifacts/model --camera archive/UFPR05_Car_Park/2013-04-15 --counted occupancy_2013-04-15.csv
    python -m training.claims --model artifacts/model --streets jamcam/frames

Drawn pictures that are not car parks are always asked about. Does it work on computer-generated car parks as on photos (`--generated`, a
photos folder)? On a camera, against counted bays (`--camera`, a folder of frames; `--counted`, a CSV of `file,occupied` like 8/40)? On
street cameras that nobody counted (`--streets`)? What do 0 errors in 30 mean? Several flags may be given at once; each run writes anew.
"""

import argparse
import json
from pathlib import Path

from carpark.errors import BadPhotos, one_line_errors
from carpark.model import load_model
from training.cards.model import add_to_card
from training.claims.measures import (
    ask_camera,
    ask_generated,
    ask_negatives,
    ask_streets,
    claim_no_errors,
)


def main(argv: list[str] | None = None) -> None:
    """Ask, print the rows as JSON, and write them into the model folder's metrics.json and card."""
    parser = argparse.ArgumentParser(prog="python -m training.claims", description="Measure the claims of 2020 on a model folder.")
    parser.add_argument("--model", type=Path, required=True, help="model folder; its metrics.json and README.md get the rows")
    parser.add_argument("--generated", type=Path, help="photos folder of computer-generated car parks")
    parser.add_argument("--camera", type=Path, help="folder of one camera's frames of one day")
    parser.add_argument("--counted", type=Path, help="CSV of file,occupied for that day")
    parser.add_argument("--streets", type=Path, help="folder of street camera frames")
    args = parser.parse_args(argv)
    with one_line_errors():
        if args.counted and not args.camera:
            raise BadPhotos(f"--counted {args.counted} needs --camera: the folder with the frames that were counted.")
        model = load_model(args.model)
        rows = [claim_no_errors(), ask_negatives(model)]
        rows += [ask_generated(model, args.generated)] if args.generated else []
        rows += ask_camera(model, args.camera, args.counted) if args.camera else []
        rows += [ask_streets(model, args.streets)] if args.streets else []
        add_to_card(args.model, "claims", {"rows": rows})
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    print(f"{len(rows)} claims measured -> {args.model / 'README.md'}")


if __name__ == "__main__":
    main()
