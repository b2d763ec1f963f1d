"""Score a model on photos that it has never seen, as one JSON object.

    python -m training.evaluate --model artifacts/model --data photos [--out DIR]
    python -m training.evaluate --model artifacts/model           # the numbers of its card, from its own predictions.parquet

With --out, DIR/metrics.json repeats the object, DIR/predictions.parquet has P(full) of each photo, and DIR/worst.png shows the photos with
the largest errors. Name a folder other than the model's: the photos may not be free to publish.
"""

import argparse
import json
from pathlib import Path
from typing import get_args

from carpark.errors import BadSetting, one_line_errors
from carpark.hub.source import open_source
from carpark.model import load_model
from carpark.model.config import Engine, read_config
from training.evaluate.predictions import predict
from training.evaluate.scores import score, score_folder
from training.evaluate.worst import draw_worst
from training.photos import find_photos
from training.staging import staged


def main(argv: list[str] | None = None) -> None:
    """Print the scores; with --out, write them too."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Score a model on photos that it has never seen.")
    parser.add_argument("--model", required=True, help="model folder, or Hub repo owner/name[@revision]")
    parser.add_argument(
        "--data",
        help="photos folder, or dataset repo (folder or owner/name), whose test split is scored; default: the model's own predictions",
    )
    parser.add_argument("--out", type=Path, help="folder for metrics.json, predictions.parquet and worst.png")
    parser.add_argument("--engine", choices=get_args(Engine), default="int8", help="which format of the model to score (default: int8)")
    args = parser.parse_args(argv)
    with one_line_errors():
        folder = open_source(args.model, repo_type="model").folder
        if args.data is None:
            if args.out:
                raise BadSetting("--out needs --data: without photos, the scored predictions are those in the model folder already.")
            print(json.dumps({"model_sha256": read_config(folder).sha256} | score_folder(folder)))
            return
        model = load_model(folder, args.engine)
        data = find_photos(args.data).folder
        predictions = predict(model, data)
        scores_json = json.dumps({"model_sha256": model.config.sha256, "engine": args.engine} | score(predictions, model.config.thresholds))
        if args.out:
            with staged(args.out, marker="metrics.json") as beside:
                predictions.to_parquet(beside / "predictions.parquet", index=False)
                (beside / "metrics.json").write_text(scores_json + "\n")
                draw_worst(predictions, data).save(beside / "worst.png")
        print(scores_json)


if __name__ == "__main__":
    main()
