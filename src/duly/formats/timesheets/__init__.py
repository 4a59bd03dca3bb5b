"""Timesheets as the tools that people already use export them: Toggl Track, Clockify, Harvest, Kimai.

`layouts.py` says which headers each tool writes; `rows.py` reads one record; `reader.py` reads the file.
"""

from duly.formats.timesheets.layouts import LAYOUTS, Layout
from duly.formats.timesheets.model import Timesheet, TimesheetRow
from duly.formats.timesheets.reader import read_timesheet

__all__ = ["LAYOUTS", "Layout", "Timesheet", "TimesheetRow", "read_timesheet"]
