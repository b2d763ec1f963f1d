"""Every error that the user can fix, in one small tree.

    CarparkError
    ├── BadSetting      a flag or environment variable whose value cannot be used
    ├── BadImage        a file or upload that is not a usable picture
    ├── BadPhotos       a photos folder that a training step cannot use
    ├── BadWeights      starting weights that are absent, or made for another architecture
    ├── BadModel        a model folder that is incomplete, or not what its config.json says
    ├── UnknownCamera   a camera that is neither in the archive nor in TfL's catalogue
    ├── NoAnswer        a source of photos that does not answer, or asks to come back later
    ├── NotKept         a vote that could not be written down
    ├── NotPublished    a repo that the Hub did not take, or not as a whole
    ├── BadDay          a text that is not a day, or a day that has not begun
    └── NoDay           no source has frames for this camera and day

Each message is one line: what was wrong, the value, what was expected, the next step. The edges catch `CarparkError` and
nothing wider: a command ends with the line (`one_line_errors`), a Gradio tab shows it as `gr.Error`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class CarparkError(Exception):
    """The user can fix this; `str(error)` is one line that says how."""


class BadSetting(CarparkError):
    """A flag or environment variable whose value cannot be used."""


class BadImage(CarparkError):
    """A file or upload that is not a usable picture."""


class BadPhotos(CarparkError):
    """A photos folder that a training step cannot use."""


class BadWeights(CarparkError):
    """Starting weights that are absent, or made for another architecture."""


class BadModel(CarparkError):
    """A model folder that is incomplete, or not what its config.json says."""


class UnknownCamera(CarparkError):
    """A camera that is neither in the archive nor in TfL's catalogue."""


class NoAnswer(CarparkError):
    """A source of photos that does not answer, or asks to come back later."""


class NotKept(CarparkError):
    """A vote that could not be written down."""


class NotPublished(CarparkError):
    """A repo that the Hub did not take, or not as a whole."""


class BadDay(CarparkError):
    """A text that is not a day, or a day that has not begun."""


class NoDay(CarparkError):
    """No source has frames for this camera and day."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Command-line edge: a `CarparkError` inside ends the process with its message on stderr and exit status 1."""
    try:
        yield
    except CarparkError as error:
        sys.exit(str(error))
