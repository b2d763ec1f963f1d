"""What a Hub keeps: repos of three types with commits of files, each file stored by git or by LFS."""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

LFS_SUFFIXES = (".arrow", ".bin", ".h5", ".npz", ".onnx", ".parquet", ".pkl", ".pt", ".pth", ".safetensors", ".zip")
LFS_FROM_BYTES = 10 * 1024 * 1024
GIT_ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES).encode()


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Blob:
    """One version of a file."""

    data: bytes
    is_lfs: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.data)}\n".encode()

    @property
    def git_id(self) -> str:
        """git's id of what git holds: the file, or the pointer to it."""
        held = self.pointer if self.is_lfs else self.data
        return hashlib.sha1(b"blob %d\0" % len(held) + held).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_lfs else self.git_id

    def entry(self, path: str) -> dict[str, Any]:
        """The file in a listing."""
        lfs = {"lfs": {"oid": self.sha256, "size": len(self.data), "pointerSize": len(self.pointer)}} if self.is_lfs else {}
        return {"type": "file", "path": path, "size": len(self.data), "oid": self.git_id} | lfs


@dataclass(frozen=True)
class Commit:
    sha: str
    files: dict[str, Blob]
    title: str
    message: str
    author: str
    date: str

    @property
    def card(self) -> dict[str, Any]:
        """The front matter of README.md."""
        readme = self.files.get("README.md")
        front = re.match(rb"---\n(.*?)\n---", readme.data, re.S) if readme else None
        return (yaml.safe_load(front[1]) if front else None) or {}


@dataclass
class Repo:
    """One branch, `main`, oldest commit first."""

    type: str  # model, dataset, space
    id: str
    is_private: bool = False
    hardware: str = "cpu-basic"
    variables: dict[str, str] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, revision: str) -> Commit:
        for commit in reversed(self.commits):
            if revision in ("main", commit.sha):
                return commit
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def commit(self, files: dict[str, Blob], title: str, *, message: str = "", author: str = "") -> str:
        """The id of a new commit with exactly these files."""
        listing = sorted((path, blob.git_id) for path, blob in files.items())
        identity = json.dumps([self.type, self.id, next(self._numbers), listing, title, message])
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.commits.append(Commit(hashlib.sha1(identity.encode()).hexdigest(), files, title, message, author, date))
        return self.head.sha

    def info(self, commit: Commit) -> dict[str, Any]:
        """What the API says about the repo at a commit."""
        space = {"sdk": commit.card.get("sdk"), "runtime": self.runtime()} if self.type == "space" else {}
        return {
            "id": self.id,
            "author": self.owner,
            "sha": commit.sha,
            "lastModified": self.head.date,
            "createdAt": self.commits[0].date,
            "private": self.is_private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": commit.card.get("tags") or [],
            "cardData": commit.card,
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        } | space

    def tree(self, commit: Commit, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """The files, and directories, in a folder; "" for the root."""
        prefix = f"{folder}/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for path, blob in sorted(commit.files.items()):
            if not path.startswith(prefix):
                continue
            parts = path[len(prefix) :].split("/")
            for depth in range(1, len(parts) if recursive else min(2, len(parts))):
                directory = prefix + "/".join(parts[:depth])
                entries.setdefault(directory, {"type": "directory", "path": directory, "size": 0, "oid": "0" * 40})
            if recursive or len(parts) == 1:
                entries[path] = blob.entry(path)
        if folder and not entries:
            raise Refused(404, f"{folder} does not exist", "EntryNotFound")
        return list(entries.values())

    def runtime(self) -> dict[str, Any]:
        hardware = {"current": self.hardware, "requested": self.hardware}
        return {"stage": "BUILDING" if "app.py" in self.head.files else "NO_APP_FILE", "hardware": hardware, "storage": None}
