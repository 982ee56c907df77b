"""Pages: what is in a dataset, for reading in a browser. Each is one file that asks for nothing else.

`view` shows the pairs side by side, `report` says what there is and how good it is: `figures` counts, `charts` draws.
`page` puts a page together so that nothing from a document can act in it.
"""

from __future__ import annotations

from .report import write_report
from .view import Viewed, write_view

__all__ = ["Viewed", "write_report", "write_view"]
