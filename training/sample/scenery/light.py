"""The light over a car park: position of the sun, clouds, rain and street lamps.

Photos draw sun and sky at random; the camera day computes them from the clock. The colours were chosen by eye.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from training.sample.scenery.pinhole import Array

LIGHTS = ("day", "low_sun", "dusk", "night", "rain", "fog", "snow")


@dataclass(frozen=True)
class Light:
    """Linear light; 1 is about an overcast noon."""

    sun_direction: Array  # (3,) of unit length, towards the sun
    sun: Array  # (3,) on a surface that faces the sun
    sky: Array  # (3,) on a surface that faces the zenith
    zenith: Array  # (3,) colour of the sky overhead
    horizon: Array  # (3,) colour of the sky above the horizon
    lamps: Array  # (3,) of one street lamp; zero when off
    clouds: float  # 0 clear, 1 overcast
    rain: float  # 0 none, 1 heavy
    dark: float  # 0 by day, 1 by night
    snow: float = 0.0  # share of the ground under snow
    fog_m: float = np.inf  # like haze_m, of fog

    @property
    def wet(self) -> float:
        """Wetness of the ground: 0 dry, 1 standing water."""
        return min(1.0, self.rain * 1.5)

    @property
    def haze_m(self) -> float:
        """Distance at which two thirds of the contrast are lost."""
        return min(1500 - 700 * self.clouds - 550 * self.rain, self.fog_m)

    @property
    def reach_m(self) -> float:
        """Distance at which nine tenths of the contrast are lost: what is farther away does not show."""
        return 2.3 * self.haze_m

    @property
    def shadow_blur_m(self) -> float:
        """Width of a shadow's edge."""
        return 0.08 + 0.25 * self.clouds


def rgb(red: float, green: float, blue: float) -> Array:
    """A colour as an array."""
    return np.array([red, green, blue], np.float32)


def mix(low: Array, high: Array, share: float) -> Array:
    """`low` at share 0, `high` at 1."""
    mixed: Array = low + (high - low) * np.float32(share)
    return mixed


def ramp(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, smooth in between."""
    t = float(np.clip((value - low) / (high - low), 0, 1))
    return t * t * (3 - 2 * t)


SNOW = rgb(0.72, 0.74, 0.78)  # albedo
LAMP_COLOURS = {"sodium": rgb(1.0, 0.56, 0.20), "white": rgb(0.95, 0.95, 1.0), "warm": rgb(1.0, 0.80, 0.55)}


def make_light(elevation: float, azimuth: float, *, clouds: float, rain: float = 0.0, lamp: str = "warm") -> Light:
    """The light of a sun `elevation` degrees above the horizon in the direction `azimuth` (radians, world axes)."""
    up = np.radians(max(elevation, 3.0))
    day, high = ramp(elevation, -9, 14), ramp(elevation, -2, 22)
    sunset = ramp(elevation, -9, -1) * (1 - ramp(elevation, 1, 16)) * (1 - 0.75 * clouds)
    zenith = mix(rgb(0.26, 0.50, 1.05), rgb(0.75, 0.79, 0.84), clouds) * (0.15 + 0.85 * high)
    zenith = mix(mix(rgb(0.012, 0.014, 0.024), zenith, day), rgb(0.28, 0.24, 0.42), sunset * 0.45)
    horizon = mix(rgb(1.0, 1.12, 1.25), rgb(0.98, 1.0, 1.02), clouds) * (0.22 + 0.78 * high)
    horizon = mix(mix(rgb(0.05, 0.04, 0.035), horizon, day), rgb(1.15, 0.55, 0.24) * (0.25 + 0.6 * ramp(elevation, -6, 4)), sunset * 0.8)
    sky = mix(rgb(0.46, 0.54, 0.68), rgb(0.95, 0.98, 1.02), clouds) * (0.26 + 0.74 * high)
    sun = mix(rgb(1.0, 0.50, 0.22), rgb(1.0, 0.94, 0.84), high) * (3.4 * ramp(elevation, -1, 16) * (1 - clouds) ** 1.5)
    return Light(
        sun_direction=np.array([np.cos(azimuth) * np.cos(up), np.sin(azimuth) * np.cos(up), np.sin(up)], np.float32),
        sun=sun.astype(np.float32),
        sky=mix(rgb(0.030, 0.030, 0.038), sky, day),
        zenith=zenith,
        horizon=horizon,
        lamps=(LAMP_COLOURS[lamp] * (1 - ramp(elevation + 4 * (clouds - 0.5), -3, 3))).astype(np.float32),
        clouds=clouds,
        rain=rain,
        dark=1 - ramp(elevation, -11, -2),
    )


def draw_light(rng: np.random.Generator, name: str) -> Light:
    """A random light of the kind `name`, one of LIGHTS."""
    azimuth, lamp = rng.uniform(0, 2 * np.pi), str(rng.choice(list(LAMP_COLOURS)))
    if name == "day":
        clouds = rng.uniform(0, 0.3) if rng.random() < 0.7 else rng.uniform(0.6, 1.0)
        return make_light(rng.uniform(18, 62), azimuth, clouds=clouds, lamp=lamp)
    if name == "low_sun":
        return make_light(rng.uniform(5, 16), azimuth, clouds=rng.uniform(0, 0.15), lamp=lamp)
    if name == "dusk":
        return make_light(rng.uniform(-4.5, 5), azimuth, clouds=rng.uniform(0, 0.7), lamp=lamp)
    if name == "night":
        light = make_light(rng.uniform(-30, -10), azimuth, clouds=rng.uniform(0, 1), lamp=lamp)
        light = replace(light, lamps=light.lamps * np.float32(rng.uniform(0.25, 1.2)))
        return replace(light, rain=rng.uniform(0.2, 0.9)) if rng.random() < 0.3 else light
    if name == "fog":
        light = make_light(rng.uniform(-6, 30), azimuth, clouds=1.0, lamp=lamp)
        return replace(light, fog_m=float(np.exp(rng.uniform(np.log(22), np.log(200)))))
    if name == "snow":
        light = make_light(rng.uniform(2, 35), azimuth, clouds=rng.choice([0.1, 0.9, 1.0]), lamp=lamp)
        return replace(light, snow=rng.uniform(0.3, 1.0))
    return make_light(rng.uniform(4, 40), azimuth, clouds=1.0, rain=rng.uniform(0.3, 1.0), lamp=lamp)


def sun_at(time: datetime, *, latitude: float, longitude: float) -> tuple[float, float]:
    """The sun's elevation in degrees and its azimuth in radians from east, counter-clockwise, to a few degrees; `time` is UTC.

    Cooper's declination and the mean sun, without the equation of time.
    """
    hours = time.hour + time.minute / 60 + time.second / 3600 + longitude / 15
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + time.timetuple().tm_yday) / 365)
    turn, lat = np.radians(15 * (hours - 12)), np.radians(latitude)
    east = -np.cos(declination) * np.sin(turn)
    north = np.cos(lat) * np.sin(declination) - np.sin(lat) * np.cos(declination) * np.cos(turn)
    up = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(turn)
    return float(np.degrees(np.arcsin(up))), float(np.arctan2(north, east))
