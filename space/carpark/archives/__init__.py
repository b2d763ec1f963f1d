"""Where camera frames come from: a folder, a web server, a Hub dataset, TfL's live pictures, or several of them in turn."""

from carpark.archives.opening import open_archive as open_archive
