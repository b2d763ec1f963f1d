"""Names that a card gets only when it is published: its own repo, those of its siblings, and their owner."""

PLACEHOLDERS = {
    "repo": "owner/name",
    "dataset": "owner/carpark-photos",
    "model": "owner/carpark-classifier",
    "space": "owner/carpark-demo",
    "code": "[the files of the demo](https://huggingface.co/spaces/owner/carpark-demo/tree/main)",
}


def name_repos(card: str, *, repo: str, siblings: dict[str, str], code: str = "") -> str:
    """The card's text with the repo that it belongs to, the repos beside it by type, and the address of the code, if there is one."""
    owner = repo.split("/")[0]
    names = {"[owner](https://huggingface.co/owner)": f"[{owner}](https://huggingface.co/{owner})", "{owner}": f"{{{owner}}}"}
    names |= {PLACEHOLDERS["code"]: f"<{code}>"} if code else {}
    names |= {PLACEHOLDERS["repo"]: repo} | {PLACEHOLDERS[kind]: name for kind, name in siblings.items()}
    for placeholder, name in names.items():
        card = card.replace(placeholder, name)
    return card
