"""Imported by a process that others are forked from: dictionaries and models are loaded once, before any fork."""

from __future__ import annotations

import killed_runs  # noqa: F401 - what the forked ones need
import pyarrow as pa
from dataset_runs import rows_of

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
rows_of("file:///warm", "Good morning.\n我们明天见。\n")
