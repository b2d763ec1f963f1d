"""One day at a time for each visitor: who asks for another, or leaves the page, waits for the earlier one no longer."""

from collections.abc import Callable


class Turns:
    """Whose turn is on; safe to share between threads, since each visitor's entry is replaced whole."""

    def __init__(self) -> None:
        self._latest: dict[str, object] = {}

    def begin(self, visitor: str) -> Callable[[], bool]:
        """Ends the visitor's earlier turn and begins a new one; the answer says whether that is still on."""
        turn = object()
        self._latest[visitor] = turn
        return lambda: self._latest.get(visitor) is turn

    def end(self, visitor: str) -> None:
        """Ends the visitor's turn, if one is on."""
        self._latest.pop(visitor, None)
