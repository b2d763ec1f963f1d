"""Which form of the model answers photos now: its ONNX form at first, the exported learner once it is loaded behind the page.

The learner needs torch and fastai, whose import takes longer than all else that stands before a first answer. `training.export` has proved
that the two agree.
"""

from collections.abc import Callable

from carpark.model.engines import Model


class Handover:
    """`first` opens the form that answers until the one that `then` opens is loaded; safe to share between threads.

    Where `then` raises, so does every answer from that moment on: a model whose learner is refused does not answer.
    """

    def __init__(self, first: Callable[[], Model], then: Callable[[], Model]) -> None:
        self._then = then
        self._now = [first]  # the one opener that is in use; the other's model is let go

    def model(self) -> Model:
        """The form that answers now. Raises what its opener raises."""
        return self._now[0]()

    def load(self) -> Model:
        """The form that answers in the end, loaded while the first one still answers. Raises what its opener raises."""
        try:
            return self._then()
        finally:
            self._now[0] = self._then
