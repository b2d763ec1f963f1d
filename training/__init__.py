"""The steps from photos to published model, each run as `python -m training.<step>`."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported; it would report its use to its maker
