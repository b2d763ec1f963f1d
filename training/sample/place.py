"""The place of the generated camera day, and its light by the clock."""

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np

from carpark.slots import LONDON
from training.sample.feed import BOTTOM_PX, FRAME_HEIGHT_PX, FRAME_WIDTH_PX, TOP_PX
from training.sample.scenery.light import Light, make_light, ramp, sun_at
from training.sample.scenery.scenes import Scene, bays_in_picture, draw_scene

LATITUDE, LONGITUDE = 51.51, -0.13
BAYS_SHOWN = range(36, 81)
LOWEST_M = 7.5  # from lower down the first row hides the others
FREE_VIEW_M = 24  # in front of the camera, where no lamp or tree may stand


@cache
def sample_place(seed: int) -> Scene:
    """The car park of the camera day: the first place drawn that shows a street and enough bays, without an obstacle in front."""
    rng = np.random.default_rng([seed, 10])
    while True:
        scene = draw_scene(rng, f"day{seed}", "oblique_cctv")
        camera = replace(scene.camera, width_px=FRAME_WIDTH_PX, height_px=FRAME_HEIGHT_PX)
        bays_shown = bays_in_picture(scene.lot.bays, camera, far_m=90, rows_px=(TOP_PX, FRAME_HEIGHT_PX - BOTTOM_PX))
        place = replace(scene, camera=camera, bays_shown=bays_shown)
        if len(bays_shown) in BAYS_SHOWN and camera.height_m > LOWEST_M and _is_unobstructed(place) and _street_share(place) > 0.6:
            return place


def _street_share(scene: Scene) -> float:
    """The share of the picture's width, 0 to 1, that a street crosses in the upper half, at most 75 m away."""
    widest, steps = 0.0, np.linspace(0, 1, 60)[:, None]
    for road in scene.around.roads:
        along = np.array(road.start) * (1 - steps) + np.array(road.end) * steps
        points = np.concatenate([along, np.zeros((60, 1))], axis=1)
        depth, (x, y) = scene.camera.depths(points), scene.camera.project(points).T
        shown = (depth > 5) & (depth < 75) & (x > 0) & (x < FRAME_WIDTH_PX) & (y > TOP_PX + 14) & (y < FRAME_HEIGHT_PX * 0.6)
        widest = max(widest, float(np.ptp(x[shown])) / FRAME_WIDTH_PX if shown.any() else 0.0)
    return widest


def _is_unobstructed(scene: Scene) -> bool:
    """True if no lamp or tree stands close in front of the camera."""
    points = np.array([(it.x, it.y, 2.0) for group in (scene.around.lamps, scene.around.trees) for it in group])
    depth, x = scene.camera.depths(points), scene.camera.project(points)[:, 0]
    return not bool(((depth > 0) & (depth < FREE_VIEW_M) & (x > -30) & (x < FRAME_WIDTH_PX + 30)).any())


def light_at(time: datetime) -> Light:
    """The light of London's sun at a time (UTC), with the clouds of this day and rain before noon."""
    hour = hour_of(time)
    elevation, azimuth = sun_at(time, latitude=LATITUDE, longitude=LONGITUDE)
    clouds = 0.2 + 0.8 * ramp(hour, 9.6, 10.4) * (1 - ramp(hour, 12.0, 13.5))
    rain = 0.85 * ramp(hour, 10.4, 10.8) * (1 - ramp(hour, 11.7, 12.1))
    return make_light(elevation, azimuth, clouds=clouds, rain=rain)


def hour_of(time: datetime) -> float:
    """London's local time in hours, 0 to 24."""
    local = time.astimezone(LONDON)
    return local.hour + local.minute / 60 + local.second / 3600
