"""The figures of a run, for the person who waits for it and for whoever looks later."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .plan import Tally
from .writing import Rows


@dataclass(slots=True)
class RunSummary:
    """What a run did."""

    out: str
    run_id: str
    tally: Tally
    commits: int = 0
    documents: int = 0
    pairs: int = 0
    author: int = 0
    """Pairs whose English the documents' authors wrote."""
    flags: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    """Pairs whose first try had the flag, and whose English has it no longer."""
    flagged: int = 0
    """Pairs with a flag other than ``repaired``."""
    ever_flagged: int = 0
    """Those and the mended ones."""
    sentences: int = 0
    """Different sentences that were translated."""
    remembered: int = 0
    """Pairs whose English was in the translation memory, or came from a person."""
    translating: float = 0.0
    """Seconds in which the model worked."""
    seconds: float = 0.0

    def add(self, rows: Rows) -> None:
        """Count the rows of a shard that was written."""
        self.commits += 1
        self.documents += rows.documents["status"].count("ok")
        self.pairs += len(rows.pairs)
        self.author += sum(pairs or 0 for pairs in rows.documents["pairs_author"])
        self.remembered += sum(hits or 0 for hits in rows.documents["memory_hits"])
        for flags in rows.pairs.values("flags"):
            self.flags.update(flags)
            self.flagged += any(flag != "repaired" for flag in flags)
            self.ever_flagged += bool(flags)
        for gone in rows.pairs.values("mended"):
            self.mended.update(gone or ())

    @property
    def failed(self) -> int:
        """Inputs that could not be read."""
        return self.tally.statuses["failed"]

    def lines(self, most_unread: int = 20) -> list[str]:
        """The summary for a person, a line each."""
        tally = self.tally
        if not tally.decisions and not tally.statuses and not tally.pruned:
            return ["nothing to do: the inputs hold no documents", *tally.notes]
        counted = [
            f"{_number(self.documents, 'document')} written",
            *(f"{tally.decisions[kind]} {kind}" for kind in ("unchanged", "stale") if tally.decisions[kind]),
            *(f"{tally.statuses[kind]} {kind}" for kind in ("skipped", "failed") if tally.statuses[kind]),
            *([f"{tally.pruned} dropped"] if tally.pruned else []),
        ]
        found = [f"{', '.join(counted)}; {_number(self.pairs, 'pair')} in {self.seconds:.0f} s"]
        if self.author:
            found.append(f"in the authors' own English: {_number(self.author, 'pair')}")
        if self.sentences or self.remembered:
            found.append(
                f"translated {_number(self.sentences, 'different sentence')} in {self.translating:.0f} s;"
                f" {_number(self.remembered, 'pair')} from the translation memory"
            )
        faults = ", ".join(f"{flag} {number}" for flag, number in self.flags.most_common() if flag != "repaired")
        repaired = self.flags["repaired"]
        if faults or repaired:
            gone = ", ".join(f"{flag} {number}" for flag, number in self.mended.most_common())
            found.append(
                f"flagged: {_number(self.ever_flagged, 'pair')};"
                f" mended by another try: {repaired}{f' ({gone})' if gone else ''};"
                f" left: {self.flagged}{f' ({faults})' if faults else ''}"
            )
        if tally.decisions["stale"]:
            found.append(
                f"stale: {_number(tally.decisions['stale'], 'document')} ({_number(tally.stale_pairs, 'pair')})"
                " made by other settings or another model; --refresh redoes them"
            )
        found += [*tally.notes, *tally.unread_lines(most_unread)]
        return found

    def markdown(self) -> str:
        """The summary as a Markdown page."""
        first, *rest = self.lines()
        return "\n".join([f"**{first}**", "", f"Dataset: `{self.out}`", "", *(f"- {line}" for line in rest)])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
