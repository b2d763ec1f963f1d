"""Draw the photos with the largest errors on one sheet. Look at it first: it shows wrong labels, and what the model does not recognise."""

from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw

from carpark.images import open_image
from training.labels import LABELS, PARTIAL
from training.photos import read_photos

COLUMNS, ROWS = 6, 4
TILE_PX, TEXT_PX = 240, 34  # side of a photo; height of the two lines below it


def draw_worst(predictions: pd.DataFrame, data: Path) -> Image.Image:
    """The photos of `data` whose P(full) is farthest from the truth (0, 0.5 or 1), worst first, each with its file, label and P(full)."""
    truth = predictions.label.map({LABELS[0]: 0.0, PARTIAL: 0.5, LABELS[1]: 1.0})
    worst = predictions.assign(gap=(predictions.p_full - truth).abs()).nlargest(COLUMNS * ROWS, "gap")
    photos = read_photos(data, ("test",))
    paths = dict(zip(photos.file, photos.path, strict=True))
    sheet = Image.new("RGB", (COLUMNS * TILE_PX, -(-len(worst) // COLUMNS) * (TILE_PX + TEXT_PX)))
    draw = ImageDraw.Draw(sheet)
    for number, (file, label, p_full) in enumerate(zip(worst.file, worst.label, worst.p_full, strict=True)):
        x, y = number % COLUMNS * TILE_PX, number // COLUMNS * (TILE_PX + TEXT_PX)
        photo = open_image(paths[file])
        photo.thumbnail((TILE_PX, TILE_PX))
        sheet.paste(photo, (x, y))
        draw.text((x + 2, y + TILE_PX + 2), f"{label}, P(full) {p_full:.2f}\n{Path(file).name[:38]}", fill="white")
    return sheet
