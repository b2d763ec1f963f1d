"""The faces of trees, lamps and houses."""

from dataclasses import replace

import numpy as np

from training.sample.scenery.faces import UP, Faces, corners, join, make_faces
from training.sample.scenery.light import rgb
from training.sample.scenery.pinhole import Array, Pinhole
from training.sample.scenery.surroundings import House, Lamp, Person, Sign, Tree

TURNS = np.arange(8) * np.pi / 4
BARK, STEEL, WINDOW = rgb(0.07, 0.055, 0.04), rgb(0.055, 0.058, 0.06), rgb(0.05, 0.06, 0.07)
SKIN = rgb(0.22, 0.14, 0.10)
FLAT_SHADING = 0.3 * UP  # of thin things turned to the camera: lit evenly, a little more from above
LAMP_GLOW, WINDOW_GLOW = rgb(3.0, 2.8, 2.5), rgb(1.0, 0.75, 0.42)


def tree_faces(tree: Tree, camera: Pinhole) -> Faces:
    """A trunk, and a crown of leaf clusters or twigs; of a leafy tree outside the picture only what casts its shadow (so wet ground
    does not mirror it)."""
    rng = np.random.default_rng(tree.seed)
    middle = np.array([tree.x, tree.y, tree.trunk_m + tree.crown_m * 0.8])
    if not tree.bare and not camera.is_in_view(middle, tree.trunk_m + tree.crown_m * 1.2):
        return _leaves(rng, tree, middle, camera, seen=False)
    foot, top = middle * [1, 1, 0], middle - UP * tree.crown_m * (0.1 if tree.bare else 0.4)
    posts = _posts(foot[None], top[None], np.array([0.10 + 0.07 * tree.crown_m]), camera=camera)
    crown = _twigs(rng, tree, top, camera) if tree.bare else _leaves(rng, tree, middle, camera, seen=True)
    return join([make_faces(posts, FLAT_SHADING, BARK), crown])


def lamp_faces(lamp: Lamp, camera: Pinhole) -> Faces:
    """A pole with two short arms and lit heads."""
    foot, top = np.array([lamp.x, lamp.y, 0]), np.array([lamp.x, lamp.y, lamp.height_m])
    ends = top + np.array([(-0.9, 0, 0.1), (0.9, 0, 0.1)])
    posts = _posts(np.array([foot, ends[0]]), np.array([top, ends[1]]), np.array([0.16, 0.12]), camera=camera)
    heads = _discs(ends, np.array([0.28, 0.28]), right=camera.axes[0], down=camera.axes[1] * 0.5)
    lit = replace(make_faces(heads, FLAT_SHADING, STEEL * 6), glow=np.tile(LAMP_GLOW, (2, 1)))
    return join([make_faces(posts, FLAT_SHADING, STEEL, casts=True), lit])


def house_faces(house: House, camera: Pinhole) -> Faces:
    """Four walls and a flat roof; some of the windows are lit. A house outside the picture has no windows."""
    cos, sin = np.cos(house.turn), np.sin(house.turn)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)
    length, depth, height = house.size_m
    feet = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * [length / 2, depth / 2, 0]
    eaves = feet + UP * height
    walls = np.array([corners(np.array([feet[i - 1], feet[i], eaves[i], eaves[i - 1]])) for i in range(4)])
    normals = np.array([(-1, 0, 0), (0, -1, 0), (1, 0, 0), (0, 1, 0)])
    parts = [make_faces(walls, normals, house.wall, casts=True), make_faces(corners(eaves)[None], UP, house.roof)]
    if house.storeys and camera.is_in_view(np.array([house.x, house.y, height / 2]), float(np.hypot(length, depth) + height) / 2):
        parts.append(_windows(house))
    faces = join(parts)
    return replace(faces, points=faces.points @ turn.T + np.array([house.x, house.y, 0], np.float32), normals=faces.normals @ turn.T)


def sign_faces(sign: Sign, camera: Pinhole) -> Faces:
    """A plate, its lit part, and the post below it if it has one."""
    middle, right, up = np.array([sign.x, sign.y, sign.z]), camera.axes[0], UP
    square = np.array([(-1, -1), (1, -1), (1, 1), *[(-1, 1)] * 5]) * sign.size_m
    plate = middle + square[:, :1] * right + square[:, 1:] * up
    lit = middle + sign.lit_share * (plate - middle)
    faces = make_faces(np.stack([plate, lit]), FLAT_SHADING, sign.albedo)
    faces = replace(faces, glow=np.stack([np.zeros(3), sign.glow]).astype(np.float32))
    if not sign.has_post:
        return faces
    post = _posts((middle * [1, 1, 0])[None], middle[None], np.array([0.13]), camera=camera)
    return join([make_faces(post, FLAT_SHADING, STEEL, casts=True), faces])


def people_faces(people: tuple[Person, ...], camera: Pinhole) -> Faces:
    """Legs, body and head of each person, turned to the camera."""
    feet = np.array([(person.x, person.y, 0) for person in people], np.float32)
    tall = np.array([person.height_m for person in people], np.float32)
    hips, necks, heads = (feet + UP * (tall * share)[:, None] for share in (0.48, 0.84, 0.92))
    posts = [_posts(low, high, tall * width, camera=camera) for low, high, width in ((feet, hips, 0.17), (hips, necks, 0.27))]
    head = _discs(heads, 0.075 * tall, right=camera.axes[0], down=camera.axes[1])
    points = np.stack([*posts, head], 1).reshape(-1, 8, 3)
    clothes = np.array([person.clothes for person in people], np.float32)
    albedo = np.stack([0.5 * clothes, clothes, np.broadcast_to(SKIN, clothes.shape)], 1).reshape(-1, 3)
    return make_faces(points, FLAT_SHADING, albedo, casts=True)


def _discs(centres: Array, radii: Array, *, right: Array, down: Array) -> Array:
    """Octagons (n, 8, 3) around `centres` in the plane of two vectors."""
    spread = np.cos(TURNS)[:, None] * right + np.sin(TURNS)[:, None] * down
    discs: Array = centres[:, None] + radii[:, None, None] * spread
    return discs


def _posts(feet: Array, tops: Array, widths: Array, *, camera: Pinhole) -> Array:
    """Thin quads (n, 8, 3) from `feet` to `tops`, turned to the camera."""
    side = np.cross(tops - feet, camera.position - (feet + tops) / 2)
    side *= widths[:, None] / 2 / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-6)
    return np.stack([feet - side, feet + side, tops + side, *[tops - side] * 5], 1)


def _twigs(rng: np.random.Generator, tree: Tree, top: Array, camera: Pinhole) -> Faces:
    """Boughs from the upper trunk, which split into twigs."""
    boughs, each = 9, 6
    turn = np.arange(boughs) * 2.4 + rng.uniform(0, 0.8, boughs)
    outwards = np.stack([np.cos(turn), np.sin(turn), rng.uniform(0.5, 1.3, boughs)], 1) * tree.crown_m
    roots = top - UP * rng.uniform(0, 0.5, (boughs, 1)) * tree.crown_m
    forks = roots + outwards * rng.uniform(0.3, 0.55, (boughs, 1))
    tips = np.repeat(forks + outwards * 0.25, each, axis=0) + rng.normal(0, 0.22, (boughs * each, 3)) * tree.crown_m
    starts, ends = np.concatenate([roots, np.repeat(forks, each, axis=0)]), np.concatenate([forks, tips])
    posts = _posts(starts, ends, np.repeat([0.11, 0.045], [boughs, boughs * each]), camera=camera)
    return make_faces(posts, FLAT_SHADING, BARK * 1.2, casts=True)


def _leaves(rng: np.random.Generator, tree: Tree, middle: Array, camera: Pinhole, *, seen: bool) -> Faces:
    """Clusters of leaves around the middle of the crown, far ones first, if `seen`. Horizontal discs cast their shadow."""
    is_bush, distance = tree.trunk_m < 0.5, float(np.linalg.norm(middle - camera.position))
    n, most = 20, 60 if is_bush else 240
    if camera.is_in_view(middle, tree.crown_m * 1.2):
        n = int(np.clip(4 * camera.focal_px * tree.crown_m / distance, n, most))  # as many as can be told apart
    spread = rng.normal(size=(n, 3))
    spread *= rng.uniform(0.25, 0.85, (n, 1)) ** 0.5 / np.linalg.norm(spread, axis=1, keepdims=True)
    centres = middle + spread * tree.crown_m * [1, 1, 0.7 if is_bush else 0.9]
    order = np.argsort(-np.linalg.norm(centres - camera.position, axis=1))
    centres, spread = centres[order], spread[order]
    radii = tree.crown_m * rng.uniform(0.10, 0.22, n) * np.sqrt(1 + 30 / n)
    level = make_faces(_discs(centres[::3], radii[::3] * 1.3, right=rgb(1, 0, 0), down=rgb(0, 1, 0)), UP, BARK, casts=True)
    shadow = replace(level, shown=np.zeros(len(level), bool))
    if not seen:
        return shadow
    towards = (middle - camera.position) / distance
    right = np.cross(towards, [0.03, 0.02, 1.0])
    right /= np.linalg.norm(right)
    shade = rng.uniform(0.6, 1.4, (n, 1)) * (0.3 + 0.35 * (spread[:, 2:] + 1))  # a crown is dark inside
    leaves = make_faces(_discs(centres, radii, right=right, down=np.cross(towards, right)), 0.9 * spread + 0.25 * UP, tree.leaf * shade)
    return join([leaves, shadow])


def _windows(house: House) -> Faces:
    """Rows of windows on all four walls, in the axes of the house."""
    rng, (length, depth, height) = np.random.default_rng(house.seed), house.size_m
    rise, points, normals = height / house.storeys, [], []
    across = np.array([-0.5, 0.5, 0.5, *[-0.5] * 5])[:, None]
    up = np.array([0.3, 0.3, *[0.8] * 6])[:, None] * rise * UP
    for normal in ((0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0)):
        along_m, out_m = (length, depth) if normal[0] == 0 else (depth, length)
        outwards, along = np.array(normal), np.array([-normal[1], normal[0], 0])
        count = max(1, int(along_m / 2.4))
        middles, floors = np.meshgrid(((np.arange(count) + 0.5) / count - 0.5) * along_m, np.arange(house.storeys) * rise)
        spots = outwards * (out_m / 2 + 0.02) + middles.reshape(-1, 1) * along + floors.reshape(-1, 1) * UP
        points.append(spots[:, None] + across * along + up)
        normals.append(np.tile(outwards, (len(spots), 1)))
    faces = make_faces(np.concatenate(points), np.concatenate(normals), WINDOW, gloss=0.2)
    lit = (rng.random((len(faces), 1)) < 0.3) * rng.uniform(0.3, 1.0, (len(faces), 1))
    return replace(faces, glow=(lit * WINDOW_GLOW).astype(np.float32), fine=np.ones(len(faces), bool))
