"""The states that a frame can have."""

from typing import Literal

State = Literal["ok", "in_use", "corrupt", "frozen", "late", "missing"]
