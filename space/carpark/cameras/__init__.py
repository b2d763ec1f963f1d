"""Which cameras there are: TfL's list, their names, areas and archive folders."""
