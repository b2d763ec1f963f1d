"""No secret is shown to a visitor."""

import pytest

from serving.secrets import without_secrets
from tabs.about import describe_model
from tabs.sources import Sources


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:s3cret@host.example/archive", "https://host.example/archive"),
        ("http://token@host.example does not answer", "http://host.example does not answer"),
        ("https://host.example/a?app_key=123&b=4 does not answer", "https://host.example/a does not answer"),
        ("frames,https://me:s3cret@host.example/x,live", "frames,https://host.example/x,live"),
        ("token hf_abcDEF0123 was refused", "token hf_… was refused"),
        ("owner/name@main is fine", "owner/name@main is fine"),
    ],
)
def test_passwords_keys_and_tokens_are_left_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_about_and_problems_show_an_archive_without_its_password(tiny_model_folder: object, tmp_path: object) -> None:
    settings = {"CARPARK_MODEL": str(tiny_model_folder), "CARPARK_ARCHIVE": "https://me:s3cret@127.0.0.1:9/archive?key=s3cret"}
    sources = Sources(settings | {"CARPARK_CACHE": str(tmp_path)})
    page = describe_model(sources) + "".join(sources.problems())
    assert "127.0.0.1:9/archive" in page and "s3cret" not in page
