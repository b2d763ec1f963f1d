"""Where the generated camera day happens, and under which sky."""

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np

from carpark.slots import LONDON
from training.sample.feed import BOTTOM_PX, HEIGHT_PX, TOP_PX, WIDTH_PX
from training.sample.scenery.light import Light, make_light, ramp, sun_at
from training.sample.scenery.scenes import Scene, bays_in_picture, draw_scene

LATITUDE, LONGITUDE = 51.51, -0.13
BAYS_SHOWN = range(36, 81)
LOWEST_M = 7.5  # lower, and the first row hides the others
CLEAR_M = 24  # before the camera, where nothing may stand


@cache
def sample_place(seed: int) -> Scene:
    """The car park of the camera day: the first place drawn that shows its street, enough bays, and nothing that stands in the way."""
    rng = np.random.default_rng([seed, 10])
    while True:
        scene = draw_scene(rng, f"day{seed}", "oblique_cctv")
        camera = replace(scene.camera, width_px=WIDTH_PX, height_px=HEIGHT_PX)
        seen = bays_in_picture(scene.lot.bays, camera, far_m=90, rows_px=(TOP_PX, HEIGHT_PX - BOTTOM_PX))
        place = replace(scene, camera=camera, seen=seen)
        if len(seen) in BAYS_SHOWN and camera.height_m > LOWEST_M and _is_unobstructed(place) and _street_share(place) > 0.6:
            return place


def _street_share(scene: Scene) -> float:
    """Share of the picture's width, 0 to 1, over which a street runs across its upper half, at most 75 m away."""
    widest, steps = 0.0, np.linspace(0, 1, 60)[:, None]
    for road in scene.around.roads:
        along = np.array(road.start) * (1 - steps) + np.array(road.end) * steps
        points = np.concatenate([along, np.zeros((60, 1))], axis=1)
        depth, (x, y) = scene.camera.depths(points), scene.camera.project(points).T
        shown = (depth > 5) & (depth < 75) & (x > 0) & (x < WIDTH_PX) & (y > TOP_PX + 14) & (y < HEIGHT_PX * 0.6)
        widest = max(widest, float(np.ptp(x[shown])) / WIDTH_PX if shown.any() else 0.0)
    return widest


def _is_unobstructed(scene: Scene) -> bool:
    """Whether no lamp or tree stands close before the camera."""
    points = np.array([(it.x, it.y, 2.0) for group in (scene.around.lamps, scene.around.trees) for it in group])
    depth, x = scene.camera.depths(points), scene.camera.project(points)[:, 0]
    return not bool(((depth > 0) & (depth < CLEAR_M) & (x > -30) & (x < WIDTH_PX + 30)).any())


def light_at(time: datetime) -> Light:
    """London's sun at that time (UTC), under the clouds of this day, with a shower before noon."""
    hour = hour_of(time)
    elevation, azimuth = sun_at(time, latitude=LATITUDE, longitude=LONGITUDE)
    clouds = 0.2 + 0.8 * ramp(hour, 9.6, 10.4) * (1 - ramp(hour, 12.0, 13.5))
    rain = 0.85 * ramp(hour, 10.4, 10.8) * (1 - ramp(hour, 11.7, 12.1))
    return make_light(elevation, azimuth, clouds=clouds, rain=rain)


def hour_of(time: datetime) -> float:
    """London's local time in hours, 0 to 24."""
    local = time.astimezone(LONDON)
    return local.hour + local.minute / 60 + local.second / 3600
