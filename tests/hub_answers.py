"""What the Hub on loopback answers: one function for each address that the clients ask."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_repos import GIT_ATTRIBUTES, LFS_FROM_BYTES, LFS_SUFFIXES, Blob, Commit, Refused, Repo

if TYPE_CHECKING:
    from tests.mini_hub import MiniHub


class Dropped(Exception):
    """The connection breaks without an answer."""


class Handler(BaseHTTPRequestHandler):
    hub: "MiniHub"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        self.body = self.read_body()
        try:
            with self.hub.lock:
                self.hub.asked.append((self.command, url.path))
                self.hub.received_bytes += len(self.body)
                self.hub.before(self.command, url.path)
                self.user = self.find_user()
                self.route(url.path)
        except Refused as refusal:
            self.answer_json({"error": str(refusal)}, refusal.status, {"X-Error-Message": str(refusal), "X-Error-Code": refusal.code})
        except Dropped:
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  # as http.server calls them

    def route(self, path: str) -> None:
        method = "GET" if self.command == "HEAD" else self.command
        for known, pattern, answer in ROUTES:
            if method == known and (found := pattern.fullmatch(path)):
                return answer(self, **{name: unquote(value or "") for name, value in found.groupdict().items()})
        raise Refused(404, "Sorry, we can't find the page you are looking for.")

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def find_user(self) -> str:
        """Who asks, "" for anonymous."""
        authorization = self.headers.get("Authorization", "")
        if not authorization:
            return ""
        if user := self.hub.tokens.get(authorization.removeprefix("Bearer ")):
            return user
        raise Refused(401, "Invalid credentials in Authorization header")

    def need_user(self) -> str:
        if self.user:
            return self.user
        raise Refused(401, "Invalid username or password.")

    def find_repo(self, kind: str, repo_id: str, *, to_write: bool = False) -> Repo:
        """The repo; `kind` is models, datasets, spaces, or "" for models."""
        repo = self.hub.repos.get((kind.removesuffix("s") or "model", repo_id))
        if repo is None or (repo.is_private and self.user != repo.owner):
            raise Refused(404 if self.user else 401, "Repository not found", "RepoNotFound")  # as the Hub tells these apart
        if to_write and self.need_user() != repo.owner:
            raise Refused(403, f"You don't have write access to {repo_id}")
        return repo

    def payload(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")

    def answer(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.answer(json.dumps(body).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def answer_file(self, data: bytes, headers: Mapping[str, str]) -> None:
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return self.answer(data, 200, headers)
        first = int(wanted[1]) if wanted[1] else max(0, len(data) - int(wanted[2]))
        last = min(int(wanted[2]) if wanted[1] and wanted[2] else len(data) - 1, len(data) - 1)
        if first >= len(data):
            return self.answer(b"", 416, {"Content-Range": f"bytes */{len(data)}"})
        self.answer(data[first : last + 1], 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"})

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test output clean."""


REPO = r"/api/(?P<kind>models|datasets|spaces)/(?P<repo_id>[^/]+/[^/]+)"
FILES = r"/(?:(?P<kind>datasets|spaces)/)?(?P<repo_id>[^/]+/[^/]+)"
ROUTES: list[tuple[str, re.Pattern[str], Callable[..., None]]] = []


def route(method: str, pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(answer: Callable[..., None]) -> Callable[..., None]:
        ROUTES.append((method, re.compile(pattern), answer))
        return answer

    return register


@route("GET", "/api/whoami-v2")
def say_who(hub: Handler) -> None:
    token = {"type": "access_token", "accessToken": {"displayName": "test", "role": "write"}}
    hub.answer_json({"type": "user", "name": hub.need_user(), "fullname": hub.user, "isPro": False, "orgs": [], "auth": token})


@route("POST", "/api/validate-yaml")
def validate_card(hub: Handler) -> None:
    hub.answer_json({"errors": [], "warnings": []})


@route("POST", "/api/repos/create")
def create_repo(hub: Handler) -> None:
    fields, owner = hub.payload(), hub.need_user()
    kind, repo_id = fields.get("type") or "model", f"{fields.get('organization') or owner}/{fields['name']}"
    hardware = fields.get("hardware") or "cpu-basic"
    url = f"{hub.hub.url}/{'' if kind == 'model' else kind + 's/'}{repo_id}"
    if not repo_id.startswith(f"{owner}/"):
        raise Refused(403, f"You don't have the rights to create a {kind} under this namespace")
    if (kind, repo_id) in hub.hub.repos:
        return hub.answer_json({"error": f"You already created this {kind} repo", "url": url}, 409)
    if kind == "space" and not hub.hub.is_paid and hardware != "zero-a10g":
        raise Refused(402, "Hosting Gradio and Docker Spaces on free cpu-basic requires a PRO subscription.")
    variables = {variable["key"]: variable["value"] for variable in fields.get("variables") or []}
    repo = Repo(kind, repo_id, fields.get("visibility") == "private" or bool(fields.get("private")), hardware, variables)
    repo.commit({".gitattributes": Blob(GIT_ATTRIBUTES)}, "initial commit", author=owner)
    hub.hub.repos[kind, repo_id] = repo
    hub.answer_json({"url": url, "name": repo_id})


@route("GET", REPO + "(?:/revision/(?P<revision>[^/]+))?")
def describe_repo(hub: Handler, kind: str, repo_id: str, revision: str) -> None:
    repo = hub.find_repo(kind, repo_id)
    hub.answer_json(repo.info(repo.at(revision or "main")))


@route("GET", REPO + "/tree/(?P<revision>[^/]+)(?:/(?P<folder>.*))?")
def list_tree(hub: Handler, kind: str, repo_id: str, revision: str, folder: str) -> None:
    repo = hub.find_repo(kind, repo_id)
    recursive = hub.query.get("recursive", [""])[0].lower() in ("true", "1")
    hub.answer_json(repo.tree(repo.at(revision), folder.strip("/"), recursive=recursive))


@route("POST", REPO + "/paths-info/(?P<revision>[^/]+)")
def describe_paths(hub: Handler, kind: str, repo_id: str, revision: str) -> None:
    files = hub.find_repo(kind, repo_id).at(revision).files
    body = hub.body.decode()
    paths = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body).get("paths", [])
    named = [path.strip("/") for path in paths]
    folders = [path for path in named if any(file.startswith(f"{path}/") for file in files)]
    entries = [files[path].entry(path) for path in named if path in files]
    hub.answer_json(entries + [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in folders])


@route("GET", REPO + "/commits/(?P<revision>[^/]+)")
def list_commits(hub: Handler, kind: str, repo_id: str, revision: str) -> None:
    repo = hub.find_repo(kind, repo_id)
    until = repo.commits[: repo.commits.index(repo.at(revision)) + 1]

    def entry(commit: Commit) -> dict[str, Any]:
        authors = [{"user": commit.author}]
        return {"id": commit.sha, "title": commit.title, "message": commit.message, "date": commit.date, "authors": authors}

    hub.answer_json([entry(commit) for commit in reversed(until)])


@route("POST", REPO + "/preupload/(?P<revision>[^/]+)")
def choose_modes(hub: Handler, kind: str, repo_id: str, revision: str) -> None:
    commit = hub.find_repo(kind, repo_id, to_write=True).at(revision)
    answers = []
    for file in hub.payload()["files"]:
        is_binary = file["path"].endswith(LFS_SUFFIXES) or b"\0" in base64.b64decode(file["sample"])
        is_lfs = is_binary or file["size"] >= LFS_FROM_BYTES
        there = {"oid": commit.files[file["path"]].etag} if file["path"] in commit.files else {}
        answers.append({"path": file["path"], "uploadMode": "lfs" if is_lfs else "regular", "shouldIgnore": False} | there)
    hub.answer_json({"files": answers, "commitOid": commit.sha})


@route("POST", FILES + r"\.git/info/lfs/objects/batch")
def start_lfs(hub: Handler, kind: str, repo_id: str) -> None:
    hub.find_repo(kind, repo_id, to_write=True)
    answers = []
    for wanted in hub.payload()["objects"]:
        upload = {"actions": {"upload": {"href": f"{hub.hub.url}/_lfs/{wanted['oid']}"}}}
        answers.append({"oid": wanted["oid"], "size": wanted["size"]} | ({} if wanted["oid"] in hub.hub.lfs else upload))
    hub.answer_json({"transfer": "basic", "objects": answers})


@route("PUT", "/_lfs/(?P<sha256>[0-9a-f]{64})")
def receive_lfs(hub: Handler, sha256: str) -> None:
    if hub.headers.get("Authorization"):
        raise Refused(400, "Only one auth mechanism allowed")  # a signed address takes no token
    if hashlib.sha256(hub.body).hexdigest() != sha256:
        raise Refused(400, "sha256 mismatch")
    hub.hub.lfs[sha256] = hub.body
    hub.answer(b"")


@route("POST", REPO + "/commit/main")
def commit_files(hub: Handler, kind: str, repo_id: str) -> None:
    repo = hub.find_repo(kind, repo_id, to_write=True)
    operations = [json.loads(line) for line in hub.body.splitlines() if line.strip()]
    header = next(operation["value"] for operation in operations if operation["key"] == "header")
    if header.get("parentCommit") not in (None, repo.head.sha):
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.head.files)
    for operation in operations:
        apply(hub.hub, files, operation["key"], operation["value"])
    sha = repo.commit(files, header["summary"], message=header.get("description") or "", author=hub.user)
    hub.answer_json({"success": True, "commitOid": sha, "commitUrl": f"{hub.hub.url}/{kind}/{repo_id}/commit/{sha}"})


def apply(hub: "MiniHub", files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
    """Change `files` as one operation of a commit says."""
    if key == "file":
        files[value["path"]] = Blob(base64.b64decode(value["content"]))
    elif key == "lfsFile":
        files[value["path"]] = Blob(hub.lfs[value["oid"]], is_lfs=True)
    elif key in ("deletedFile", "deletedFolder"):
        for path in [path for path in files if path == value["path"] or path.startswith(value["path"].rstrip("/") + "/")]:
            del files[path]


@route("GET", FILES + "/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def hand_out(hub: Handler, kind: str, repo_id: str, revision: str, path: str) -> None:
    commit = hub.find_repo(kind, repo_id).at(revision)
    if path not in commit.files:
        return hub.answer_json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit.sha})
    blob = commit.files[path]
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes", "X-Linked-Size": str(len(blob.data))}
    if not blob.is_lfs:
        return hub.answer_file(blob.data, headers)
    # Another origin, as on the Hub: clients read the headers of a redirect that leaves it, and send no token there.
    elsewhere = f"{hub.hub.url.replace('127.0.0.1', 'localhost')}/_lfs/{blob.sha256}"
    hub.answer(b"", 302, headers | {"Location": elsewhere, "X-Linked-Etag": f'"{blob.sha256}"'})


@route("GET", "/_lfs/(?P<sha256>[0-9a-f]{64})")
def hand_out_lfs(hub: Handler, sha256: str) -> None:
    hub.answer_file(hub.hub.lfs[sha256], {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"})


@route("GET", REPO + "/runtime")
def describe_runtime(hub: Handler, kind: str, repo_id: str) -> None:
    hub.answer_json(hub.find_repo(kind, repo_id).runtime())


@route("POST", REPO + "/hardware")
def set_hardware(hub: Handler, kind: str, repo_id: str) -> None:
    repo = hub.find_repo(kind, repo_id, to_write=True)
    repo.hardware = hub.payload()["flavor"]
    hub.answer_json(repo.runtime())


@route("GET", REPO + "/variables")
def list_variables(hub: Handler, kind: str, repo_id: str) -> None:
    variables = hub.find_repo(kind, repo_id, to_write=True).variables
    hub.answer_json({key: {"value": value} for key, value in variables.items()})


@route("POST", REPO + "/variables")
def set_variable(hub: Handler, kind: str, repo_id: str) -> None:
    variable = hub.payload()
    hub.find_repo(kind, repo_id, to_write=True).variables[variable["key"]] = variable["value"]
    list_variables(hub, kind, repo_id)
