"""The measurement platform: what street cameras show, recorded for later."""
