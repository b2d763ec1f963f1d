"""What the endpoints `/london` and `/camera_week` answer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, TypeAdapter

from carpark.errors import BadDay
from tabs.london.index import CameraWeek, LondonIndex, read_about, read_areas, rows_of_day


@dataclass(frozen=True, slots=True)
class AreaQuarter:
    """A borough, or London, in a quarter hour."""

    area: str
    start: Annotated[datetime, Field(description="start of the quarter hour, UTC")]
    level: Annotated[float, Field(description="mean level of the usable cameras, 0 to 1")]
    low: Annotated[float, Field(description="lower end of the 95% interval of the mean of all the area's cameras")]
    high: Annotated[float, Field(description="upper end of that interval")]
    coverage: Annotated[float, Field(description="usable cameras of all, 0 to 1")]
    usual: Annotated[float | None, Field(description="median of the same quarter hour in other weeks; null: too few weeks")]


@dataclass(frozen=True, slots=True)
class LondonAnswer:
    """What `/london` answers."""

    day: Annotated[date, Field(description="the day in London")]
    measure: Annotated[str, Field(description="what a level is: fullness, the share of the road that is taken, or p_full")]
    quarters: Annotated[list[AreaQuarter], Field(description="by area and time; a quarter hour without a usable camera has no entry")]


@dataclass(frozen=True, slots=True)
class CameraQuarter:
    """A camera in a quarter hour."""

    start: Annotated[datetime, Field(description="start of the quarter hour, UTC")]
    series: Annotated[str, Field(description="the camera's view; levels of different views cannot be compared")]
    level: Annotated[float, Field(description="mean level of the usable frames, 0 to 1")]
    usual: Annotated[float | None, Field(description="median of the same quarter hour in other weeks; null: too few weeks")]
    deviation: Annotated[float | None, Field(description="level minus usual")]


@dataclass(frozen=True, slots=True)
class WeekAnswer:
    """What `/camera_week` answers."""

    camera_id: str
    camera: Annotated[str, Field(description="the camera's name")]
    area: Annotated[str, Field(description="its borough")]
    monday: Annotated[date, Field(description="the first day of the week")]
    quarters: Annotated[list[CameraQuarter], Field(description="in order; a quarter hour without a usable frame has no entry")]


DAY, WEEK = TypeAdapter(LondonAnswer), TypeAdapter(WeekAnswer)


def answer_of_day(index: LondonIndex, day: date) -> dict[str, Any]:
    """`LondonAnswer` as JSON. Raises BadSetting, and BadDay for a day that the index does not have."""
    about = read_about(index)
    if day not in about.days:
        raise BadDay(f"The index has no {day}; it has {len(about.days)} days, {about.days[0]} to {about.days[-1]}.")
    rows = rows_of_day(read_areas(index), day)
    quarters = [AreaQuarter(**row) for row in _records(rows, ["area", "start", "level", "low", "high", "coverage", "usual"])]
    answer: dict[str, Any] = DAY.dump_python(LondonAnswer(day, about.measure, quarters), mode="json")
    return answer


def answer_of_week(week: CameraWeek) -> dict[str, Any]:
    """`WeekAnswer` as JSON."""
    quarters = [CameraQuarter(**row) for row in _records(week.quarters, ["start", "series", "level", "usual", "deviation"])]
    camera = week.camera
    found = WeekAnswer(str(camera["camera"]), str(camera["name"]), str(camera["area"]), week.monday, quarters)
    answer: dict[str, Any] = WEEK.dump_python(found, mode="json")
    return answer


def _records(rows: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """The rows, with None where a value is missing and four digits of each number."""
    numbers = {name: rows[name].astype("float64").round(4) for name in rows.select_dtypes("number").columns}
    table = rows.assign(**numbers)[columns].astype(object)
    return [{str(name): value for name, value in row.items()} for row in table.where(table.notna(), None).to_dict("records")]
