"""The camera: from metres in the world to pixels, and back.

World axes: x and y on the ground, z up, metres. Camera axes: right, down, forward.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
NEAR_M = 0.4  # anything nearer to the lens is not painted


@dataclass(frozen=True)
class Pinhole:
    """A camera with its position and direction; angles in radians."""

    x: float
    y: float
    height_m: float
    azimuth: float
    pitch: float  # downwards
    roll: float
    focal: float  # focal length in picture widths; 1.0 is a field of view of 53 degrees
    width_px: int
    height_px: int
    bulge: float = 0.0  # of a wide lens: the middle of the picture is larger than its corners by this share

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self.width_px, self.height_px

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.focal * self.width_px

    @cached_property
    def position(self) -> Array:
        """Position of the lens, (3,) metres."""
        return np.array([self.x, self.y, self.height_m], np.float32)

    @cached_property
    def axes(self) -> Array:
        """The directions right, down and forward of the camera as rows, (3, 3), in world coordinates."""
        sin_a, cos_a, sin_p, cos_p = np.sin(self.azimuth), np.cos(self.azimuth), np.sin(self.pitch), np.cos(self.pitch)
        forward = np.array([cos_a * cos_p, sin_a * cos_p, -sin_p])
        right = np.array([sin_a, -cos_a, 0.0])
        down = np.cross(forward, right)
        sin_r, cos_r = np.sin(self.roll), np.cos(self.roll)
        return np.array([cos_r * right + sin_r * down, cos_r * down - sin_r * right, forward], np.float32)

    def scaled(self, factor: int) -> "Pinhole":
        """The same camera with `factor` times as many pixels in each direction."""
        return replace(self, width_px=self.width_px * factor, height_px=self.height_px * factor)

    def distance_to(self, x: float, y: float) -> float:
        """Metres on the ground from the point below the camera."""
        return float(np.hypot(x - self.x, y - self.y))

    def depths(self, points: Array) -> Array:
        """Metres in front of the lens for (..., 3) points; negative behind it."""
        depths: Array = ((points - self.position).reshape(-1, 3) @ self.axes[2]).reshape(points.shape[:-1])  # flat, since it is faster
        return depths

    def project(self, points: Array) -> Array:
        """Pixels (..., 2) of (..., 3) points; meaningless for points behind the lens."""
        relative = ((points - self.position).reshape(-1, 3) @ self.axes.T).reshape(points.shape)
        pixels: Array = relative[..., :2] * (self.focal_px / np.maximum(relative[..., 2:], NEAR_M)) + np.array(self.size, np.float32) / 2
        return pixels

    def clip(self, points: Array) -> Array:
        """The part of a polygon (n, 3) in front of the lens, (m, 3); empty if there is none."""
        depth = self.depths(points) - NEAR_M
        kept = []
        for i, (here, d) in enumerate(zip(points, depth, strict=True)):
            before, d_before = points[i - 1], depth[i - 1]
            if (d > 0) != (d_before > 0):
                kept.append(before + (here - before) * (d_before / (d_before - d)))
            if d > 0:
                kept.append(here)
        return np.array(kept, np.float32).reshape(-1, 3)

    @cached_property
    def rays(self) -> Array:
        """The direction of each pixel, (height, width, 3), in world axes, with length 1 along the optical axis."""
        u = (np.arange(self.width_px, dtype=np.float32) + 0.5 - self.width_px / 2) / self.focal_px
        v = (np.arange(self.height_px, dtype=np.float32) + 0.5 - self.height_px / 2) / self.focal_px
        right, down, forward = self.axes
        rays: Array = u[None, :, None] * right + v[:, None, None] * down + forward
        return rays

    @cached_property
    def rise(self) -> Array:
        """How far each pixel looks above the horizon, (height, width): the sine of the angle."""
        rise: Array = self.rays[..., 2] / np.linalg.norm(self.rays, axis=2)
        return rise

    def is_in_view(self, middle: Array, radius: float) -> bool:
        """False if no part of a ball around a point (3,) shows in the picture; metres."""
        away = (middle - self.position) @ self.axes.T
        sides = np.array(self.size) / 2 / self.focal_px
        return bool(away[2] > -radius and (np.abs(away[:2]) - sides * away[2] < radius * np.hypot(1, sides)).all())

    def ground_homography(self) -> Array:
        """The matrix H, (3, 3), with (X, Y, 1) ~ H (u, v, 1) for the ground point (X, Y) at pixel (u, v)."""
        f, cx, cy = self.focal_px, self.width_px / 2, self.height_px / 2
        to_ray = self.axes.T.astype(float) @ np.array([[1 / f, 0, -cx / f], [0, 1 / f, -cy / f], [0, 0, 1]])
        x, y, z = self.position.astype(float)
        homography: Array = np.array([[-z, 0, x], [0, -z, y], [0, 0, 1]]) @ to_ray  # a ray (a, b, c) meets the ground at x - z a / c
        return homography
