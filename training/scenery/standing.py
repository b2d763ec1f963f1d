"""What stands on the ground beside the cars, as faces: trees, lamps, houses."""

import numpy as np

from training.scenery.faces import Faces, corners, join, make_faces
from training.scenery.light import rgb
from training.scenery.pinhole import Array, Pinhole
from training.scenery.scenes import House, Lamp, Tree

BARK = rgb(0.07, 0.055, 0.04)
OCTAGON = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1).astype(np.float32)


def discs(centres: Array, radii: Array, *, right: Array, down: Array) -> Array:
    """Octagons (n, 8, 3) around `centres` in the plane of two unit vectors."""
    spread = OCTAGON[:, :1] * right + OCTAGON[:, 1:] * down
    return np.asarray(centres[:, None] + radii[:, None, None] * spread, np.float32)


def _posts(feet: Array, tops: Array, widths: Array, *, camera: Pinhole) -> Array:
    """Thin upright quads (n, 8, 3) that face the camera."""
    towards = camera.position - (feet + tops) / 2
    side = np.cross(tops - feet, towards)
    side *= widths[:, None] / 2 / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-6)
    quad = np.stack([feet - side, feet + side, tops + side, tops - side], 1)
    return np.asarray(quad[:, [0, 1, 2, 3, 3, 3, 3, 3]], np.float32)


def _clusters(tree: Tree, camera: Pinhole) -> int:
    """How many clusters of leaves a crown needs at its size in the picture."""
    size_px = camera.focal_px * tree.crown_m / float(np.hypot(np.hypot(tree.x - camera.x, tree.y - camera.y), camera.height_m))
    return int(np.clip(3 * size_px, 20, 150 if tree.trunk_m > 0.5 else 50))


def tree_faces(tree: Tree, camera: Pinhole) -> Faces:
    """A trunk, and a crown of leaf clusters or of twigs."""
    rng = np.random.default_rng(tree.seed)
    middle = np.array([tree.x, tree.y, tree.trunk_m + tree.crown_m * 0.8], np.float32)
    top = middle - np.array([0, 0, tree.crown_m * (0.1 if tree.bare else 0.4)], np.float32)
    trunk = make_faces(_posts(middle[None] * [1, 1, 0], top[None], np.array([0.10 + 0.07 * tree.crown_m]), camera=camera), rgb(0, 0, 0.3), BARK)
    crown = _twigs(rng, tree, top, camera) if tree.bare else _leaves(rng, tree, middle, camera)
    return join([trunk, crown])


def _twigs(rng: np.random.Generator, tree: Tree, top: Array, camera: Pinhole) -> Faces:
    """Boughs out of the upper trunk, each parting into twigs."""
    boughs, each = 9, 6
    turn = np.arange(boughs) * 2.4 + rng.uniform(0, 0.8, boughs)
    outwards = np.stack([np.cos(turn), np.sin(turn), rng.uniform(0.5, 1.3, boughs)], 1)
    roots = top - np.array([0, 0, 1]) * rng.uniform(0, 0.5, (boughs, 1)) * tree.crown_m
    forks = roots + outwards * tree.crown_m * rng.uniform(0.3, 0.55, (boughs, 1))
    tips = np.repeat(forks + outwards * tree.crown_m * 0.25, each, axis=0) + rng.normal(0, 0.22, (boughs * each, 3)) * tree.crown_m
    starts = np.concatenate([roots, np.repeat(forks, each, axis=0)]).astype(np.float32)
    ends = np.concatenate([forks, tips]).astype(np.float32)
    widths = np.concatenate([np.full(boughs, 0.11), np.full(boughs * each, 0.045)])
    twigs = make_faces(_posts(starts, ends, widths, camera=camera), rgb(0, 0, 0.3), BARK * 1.2)
    twigs.casts[:] = True
    return twigs


def _leaves(rng: np.random.Generator, tree: Tree, middle: Array, camera: Pinhole) -> Faces:
    """Clusters of leaves around the middle of the crown, the far ones first; level discs throw their shadow."""
    n = _clusters(tree, camera)
    spread = rng.normal(size=(n, 3))
    spread *= rng.uniform(0.25, 0.85, (n, 1)) ** 0.5 / np.linalg.norm(spread, axis=1, keepdims=True)
    centres = (middle + spread * tree.crown_m * [1, 1, 0.9 if tree.trunk_m > 0.5 else 0.7]).astype(np.float32)
    order = np.argsort(-np.linalg.norm(centres - camera.position, axis=1))
    centres, spread = centres[order], spread[order]
    radii = (tree.crown_m * rng.uniform(0.13, 0.26, n) * np.sqrt(1 + 25 / n)).astype(np.float32)
    towards = middle - camera.position
    towards /= np.linalg.norm(towards)
    right = np.cross(towards, [0.03, 0.02, 1.0])
    right /= np.linalg.norm(right)
    shade = rng.uniform(0.5, 1.5, (n, 1)) * (0.3 + 0.7 * (spread[:, 2:] + 1) / 2)
    leaves = make_faces(discs(centres, radii, right=right.astype(np.float32), down=np.cross(towards, right).astype(np.float32)),
                        (spread + [0, 0, 0.25]).astype(np.float32), tree.leaf * shade.astype(np.float32))
    level = discs(centres[::2], radii[::2] * 1.1, right=rgb(1, 0, 0), down=rgb(0, 1, 0))
    return join([leaves, make_faces(level, rgb(0, 0, 1), tree.leaf, shadow_only=True)])


def lamp_faces(lamp: Lamp, camera: Pinhole) -> Faces:
    """A pole with two short arms and lit heads."""
    foot, top = np.array([[lamp.x, lamp.y, 0]], np.float32), np.array([[lamp.x, lamp.y, lamp.height_m]], np.float32)
    arms = np.array([[lamp.x - 0.9, lamp.y, lamp.height_m + 0.1], [lamp.x + 0.9, lamp.y, lamp.height_m + 0.1]], np.float32)
    pole = make_faces(_posts(foot, top, np.array([0.16]), camera=camera), rgb(0, 0, 0.3), rgb(0.05, 0.055, 0.055))
    pole.casts[:] = True
    arm = make_faces(_posts(arms[:1], arms[1:], np.array([0.12]), camera=camera), rgb(0, 0, 0.5), rgb(0.06, 0.06, 0.06))
    heads = make_faces(discs(arms, np.array([0.28, 0.28], np.float32), right=camera.axes[0], down=camera.axes[1] * 0.5), rgb(0, 0, 0.4), rgb(0.35, 0.35, 0.35))
    heads.glow[:] = rgb(3, 2.8, 2.5)
    return join([pole, arm, heads])


def house_faces(house: House) -> Faces:
    """Four walls and a flat roof; some of the windows are lit."""
    rng = np.random.default_rng(house.seed)
    cos, sin = float(np.cos(house.turn)), float(np.sin(house.turn))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)
    half_l, half_d, h = house.length_m / 2, house.depth_m / 2, house.height_m
    feet = np.array([(-half_l, -half_d, 0), (half_l, -half_d, 0), (half_l, half_d, 0), (-half_l, half_d, 0)], np.float32)
    up = np.array([0, 0, h], np.float32)
    parts = [make_faces(corners(np.concatenate([feet[[i, (i + 1) % 4]], (feet + up)[[(i + 1) % 4, i]]]))[None], _wall_normal(i), house.wall) for i in range(4)]
    for part in parts:
        part.casts[:] = True
    parts.append(make_faces(corners(feet + up)[None], rgb(0, 0, 1), house.roof))
    if house.storeys:
        parts.append(_windows(rng, house))
    joined = join(parts)
    joined.points[:] = joined.points @ turn.T + np.array([house.x, house.y, 0], np.float32)
    return Faces(joined.points, (joined.normals @ turn.T).astype(np.float32), joined.albedo, joined.gloss, joined.glow, joined.fine, joined.casts, joined.shown)


def _wall_normal(side: int) -> Array:
    return np.array([(0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0)][side], np.float32)


def _windows(rng: np.random.Generator, house: House) -> Faces:
    """Rows of windows on all four walls, in the house's own axes."""
    rise = house.height_m / house.storeys
    points, normals = [], []
    for side in range(4):
        along, across = (house.length_m, house.depth_m)[:: 1 if side % 2 == 0 else -1]
        normal, count = _wall_normal(side), max(1, int(along / 2.4))
        tangent = np.array([-normal[1], normal[0], 0], np.float32)
        middles = ((np.arange(count) + 0.5) / count - 0.5) * along
        floors = np.arange(house.storeys) * rise
        s, z = (grid.ravel()[:, None] for grid in np.meshgrid(middles, floors))
        shift, up = np.array([-0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5, -0.5]), np.array([0.30, 0.30, 0.80, 0.80, 0.80, 0.80, 0.80, 0.80]) * rise
        points.append(normal * (across / 2 + 0.02) + tangent * (s + shift)[..., None] + np.array([0, 0, 1]) * (z + up)[..., None])
        normals.append(np.broadcast_to(normal, (len(s), 3)))
    faces = make_faces(np.concatenate(points), np.concatenate(normals), rgb(0.05, 0.06, 0.07), gloss=0.2)
    on = rng.random((len(faces), 1)) < 0.3
    faces.glow[:] = on * rgb(1.0, 0.75, 0.42) * rng.uniform(0.3, 1.0, (len(faces), 1))
    faces.fine[:] = True
    return faces
