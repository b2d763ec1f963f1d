"""The common currency of everything that stands on the ground: flat polygons with a colour.

Every polygon has eight corners (shorter ones repeat their last), so that a whole car park is one array.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from training.scenery.pinhole import Array

CORNERS = 8


@dataclass(frozen=True, slots=True)
class Faces:
    """n polygons; a face is seen from the side that its normal points to."""

    points: Array                   # (n, 8, 3) metres
    normals: Array                  # (n, 3) unit length
    albedo: Array                   # (n, 3) linear, 0 to 1
    gloss: Array                    # (n,) share of the sky it mirrors, 0 to 1
    glow: Array                     # (n, 3) light of its own
    fine: NDArray[np.bool_]         # (n,) a detail, left out when the object is small in the picture
    casts: NDArray[np.bool_]        # (n,) throws a shadow
    shown: NDArray[np.bool_]        # (n,) False: exists for its shadow only

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: NDArray[np.generic] | slice) -> "Faces":
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
    following = np.roll(points, -1, axis=1)
    normals = np.cross(points, following).sum(axis=1)                          # Newell's method: holds for padded polygons
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    away = ((points.mean(axis=1) - centre) * normals).sum(axis=1) >= 0
    return np.asarray(np.where(away[:, None], normals, -normals), np.float32)


def make_faces(points: Array, normals: Array, albedo: Array, *, gloss: float = 0.0, shadow_only: bool = False) -> Faces:
    """Plain faces: (n, 8, 3) points, (n, 3) or (3,) normals and albedo."""
    n = len(points)
    return Faces(
        points=np.asarray(points, np.float32),
        normals=np.broadcast_to(np.asarray(normals, np.float32), (n, 3)),
        albedo=np.broadcast_to(np.asarray(albedo, np.float32), (n, 3)),
        gloss=np.full(n, gloss, np.float32),
        glow=np.zeros((n, 3), np.float32),
        fine=np.zeros(n, bool),
        casts=np.full(n, shadow_only),
        shown=np.full(n, not shadow_only),
    )


NO_FACES = make_faces(np.zeros((0, CORNERS, 3)), np.zeros((0, 3)), np.zeros((0, 3)))
