"""The credits that must stand wherever pictures of TfL's cameras, or the outlines of London's boroughs, are shown."""

ATTRIBUTION = (
    "Powered by TfL Open Data. Contains OS data © Crown copyright and database rights 2016 and "
    "Geomni UK Map data © and database rights [2019]."
)
BOROUGHS = "Contains National Statistics data and OS data © Crown copyright and database right."
