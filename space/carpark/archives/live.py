"""TfL's live picture: the newest frame of each camera, for today's chart up to the minute."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from carpark.archives.folder import MAX_FRAME_BYTES
from carpark.cache import Cache
from carpark.cameras.camera import JAMCAM_ID, Camera, find_camera
from carpark.cameras.catalogue import TFL_CATALOGUE, load_catalogue
from carpark.quality.exif import read_exif
from carpark.quality.jpeg import read_jpeg
from carpark.slots import LONDON, NO_FRAME, Fetched, Timetable, floor_to_slot, slots_of_day, why_no_frame
from carpark.web.breaker import Patience
from carpark.web.client import SourceUnavailable, get_patiently

JAMCAM_BUCKET = "https://s3-eu-west-1.amazonaws.com/jamcams.tfl.gov.uk"
RECENT = timedelta(hours=1)  # the newest frame is never older


@dataclass(frozen=True, slots=True)
class LiveArchive:
    """The newest frame of every JamCam, as an archive of one slot."""

    cache: Cache | None = None
    bucket: str = JAMCAM_BUCKET
    catalogue_url: str = TFL_CATALOGUE
    patience: Patience = field(default_factory=Patience)

    @property
    def location(self) -> str:
        """The word that opens it."""
        return "live"

    def cameras(self) -> list[Camera]:
        """TfL's catalogue. Raises BadSetting when it cannot be fetched."""
        return list(load_catalogue(self.cache, url=self.catalogue_url, patience=self.patience).cameras)

    def camera(self, key: str) -> Camera:
        """The camera with this id, name or folder in TfL's catalogue. Raises UnknownCamera."""
        return find_camera(self.cameras(), key)

    def days(self, camera: Camera) -> list[date]:
        """Today, for a JamCam."""
        return [datetime.now(LONDON).date()] if JAMCAM_ID.fullmatch(camera.id) else []

    def timetable(self, camera: Camera, day: date) -> Timetable:
        """The slots of the past hour: the newest frame is of one of them."""
        now = datetime.now(UTC)
        recent = [slot for slot in slots_of_day(day) if timedelta(0) <= now - slot < RECENT] if JAMCAM_ID.fullmatch(camera.id) else []
        return Timetable(tuple(recent), is_listed=False)

    def edition(self, camera: Camera, day: date) -> str:
        """Always ""; it has no finished days."""
        return ""

    def notes(self) -> list[str]:
        """That TfL's list of cameras is old, when it is."""
        note = load_catalogue(self.cache, url=self.catalogue_url, patience=self.patience).note(datetime.now(UTC))
        return [note] if note else []

    def fetch(self, camera: Camera, slots: Sequence[datetime]) -> Generator[Fetched]:
        """The newest frame for the slot in which it was captured; for every other slot an answer without a frame."""
        newest, reason = None, "the live source has only the newest frame"
        is_jamcam = JAMCAM_ID.fullmatch(camera.id) is not None
        if is_jamcam and any(abs(datetime.now(UTC) - slot) < RECENT for slot in slots):
            newest, reason = self._fetch_newest(camera, reason)
        for slot in slots:
            if newest and newest.slot == slot:
                yield newest
            else:
                yield Fetched(slot, self._url(camera) if is_jamcam else "", None, reason, is_final=False)

    def _url(self, camera: Camera) -> str:
        return f"{self.bucket}/{camera.id}.jpg"

    def _fetch_newest(self, camera: Camera, reason: str) -> tuple[Fetched | None, str]:
        url = self._url(camera)
        try:
            reply = get_patiently(url, MAX_FRAME_BYTES, self.patience)
        except SourceUnavailable as error:
            return None, f"the live source does not answer: {error}"
        if problem := NO_FRAME if reply.has_none else reply.refusal or why_no_frame(reply.body):
            return None, problem
        captured_at = read_exif(read_jpeg(reply.body).exif).captured_at or reply.modified_at or datetime.now(UTC)
        return Fetched(floor_to_slot(captured_at), url, reply.body, source=self.location), reason
