"""Real data lies beside the project, never in it; without it the tests that need it are skipped."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
JAMCAM, ARCHIVE, TFL = SHARED / "jamcam", SHARED / "archive", SHARED / "tfl"

needs_real_data = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent; a fresh clone has no real data")
