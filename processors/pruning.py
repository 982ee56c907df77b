"""Which stored documents are no more: the inputs that were named were read, and they were not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .reading import Root, Source
from .records import Unread, file_of

LARGEST_SHARE = 5
"""More than one in so many documents of an input are dropped only when that is forced."""

_ENDS_OF_PARTS = re.compile("[/!#]")


@dataclass
class Pruning:
    """Finds the documents to drop: those under a named input that was read and had documents, but no more these.

    What could not be read this time is not gone: neither that nor anything in it is dropped.
    """

    roots: Sequence[Root]
    force: bool = False
    found: Counter[Root] = field(default_factory=Counter)
    """How many documents each input had this time."""

    unread: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    """What a person should know."""

    def __post_init__(self) -> None:
        files = {root.uri: root for root in self.roots if not root.is_folder and root.uri.startswith("file:")}
        self._files = files
        self._others = [root for root in self.roots if root.uri not in files]

    def met(self, source: Source, documents: int) -> None:
        """So many documents were found in a source."""
        if documents:
            self.found.update(dict.fromkeys(self._roots_of(source.uri), documents))

    def met_unread(self, item: Unread) -> None:
        """Something could not be read. If that was a row, nobody knows which: none of its file is dropped."""
        self.unread.add(item.source_uri.partition("#")[0])

    def gone(self, stored: Callable[[], Iterator[tuple[str, str, bool]]]) -> Iterator[str]:
        """Ids of the documents to drop.

        Args:
            stored: gives each document that was stored when the run began: ``doc_id``, ``source_uri`` and whether it
                was met. It is called twice, so that nobody has to hold all of them.
        """
        total: Counter[Root] = Counter()
        missing: Counter[Root] = Counter()
        for _, source_uri, met in stored():
            roots = self._roots_of(source_uri)
            total.update(roots)
            if not met and not self._is_unread(source_uri):
                missing.update(roots)
        kept = set()
        for root in missing:
            if not self.found[root]:
                kept.add(root)
                self._note(root, missing, total, "it holds no document any more, so none was dropped")
            elif missing[root] * LARGEST_SHARE > total[root] and not self.force:
                kept.add(root)
                self._note(root, missing, total, "that is many, so none was dropped; --prune=force drops them")
        for doc_id, source_uri, met in stored():
            roots = self._roots_of(source_uri)
            if roots and not met and kept.isdisjoint(roots) and not self._is_unread(source_uri):
                yield doc_id

    def _roots_of(self, source_uri: str) -> list[Root]:
        file = self._files.get(file_of(source_uri))
        return [*([file] if file else ()), *(root for root in self._others if root.covers(source_uri))]

    def _is_unread(self, source_uri: str) -> bool:
        """Whether it, or something that it is in, could not be read."""
        ends = [found.start() for found in _ENDS_OF_PARTS.finditer(source_uri)]
        return any(source_uri[:end] in self.unread for end in [*ends, len(source_uri)])

    def _note(self, root: Root, missing: Counter[Root], total: Counter[Root], outcome: str) -> None:
        self.notes.append(f"prune: {missing[root]} of {total[root]} documents of {root.named} are gone; {outcome}")
