"""Faces: the flat, coloured polygons of everything that stands on the ground.

Every polygon has eight corners (smaller ones repeat the last one), so that a whole car park is one array.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.sample.scenery.pinhole import Array

CORNERS = 8
UP = np.array([0, 0, 1], np.float32)


@dataclass(frozen=True, slots=True)
class Faces:
    """n polygons. A face is visible from the side that its normal points to."""

    points: Array  # (n, 8, 3) metres
    normals: Array  # (n, 3) of length 1; another length is for shading only, and the face is always visible
    albedo: Array  # (n, 3) linear, 0 to 1
    gloss: Array  # (n,) mirrored share of the sky, 0 to 1
    glow: Array  # (n, 3) light that the face gives off
    fine: NDArray[np.bool_]  # (n,) True for a detail, left out if small in the picture
    casts: NDArray[np.bool_]  # (n,) True if it casts a shadow
    shown: NDArray[np.bool_]  # (n,) False if only its shadow is painted

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: NDArray[Any]) -> "Faces":
        return Faces(*(getattr(self, field.name)[index] for field in fields(self)))


def join(parts: Sequence[Faces]) -> Faces:
    """All faces of `parts`, in order."""
    return Faces(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Faces)))


def corners(points: Sequence[Sequence[float]] | Array) -> Array:
    """A polygon of 3 to 8 points, padded to (8, 3)."""
    filled = np.asarray(points, np.float32)
    return np.concatenate([filled, np.repeat(filled[-1:], CORNERS - len(filled), axis=0)])


def outward_normals(points: Array, centre: Array) -> Array:
    """Unit normals of (n, 8, 3) polygons, turned away from `centre`."""
    normals = np.cross(points, np.roll(points, -1, axis=1)).sum(axis=1)  # Newell's method: holds for padded polygons
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    is_outward = ((points.mean(axis=1) - centre) * normals).sum(axis=1, keepdims=True) >= 0
    turned: Array = np.where(is_outward, normals, -normals).astype(np.float32)
    return turned


def make_faces(points: Array, normals: Array, albedo: Array, *, gloss: float = 0.0, casts: bool = False) -> Faces:
    """Faces of (n, 8, 3) points. Normals and albedo are (n, 3), or (3,) for all."""
    n = len(points)
    return Faces(
        points=points.astype(np.float32),
        normals=np.broadcast_to(normals.astype(np.float32), (n, 3)),
        albedo=np.broadcast_to(albedo.astype(np.float32), (n, 3)),
        gloss=np.full(n, gloss, np.float32),
        glow=np.zeros((n, 3), np.float32),
        fine=np.zeros(n, bool),
        casts=np.full(n, casts),
        shown=np.ones(n, bool),
    )


NO_FACES = make_faces(np.zeros((0, CORNERS, 3)), UP, UP)
