"""The state of a camera frame: usable, or why not."""

from carpark.quality.judging import judge_frame as judge_frame
