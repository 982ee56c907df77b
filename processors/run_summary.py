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
    documents: int = 0
    pairs: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    sentences: int = 0
    """Different sentences that were translated."""
    seconds: float = 0.0

    def add(self, rows: Rows) -> None:
        """Count the rows of a shard that was written."""
        self.documents += sum(row["status"] == "ok" for row in rows.documents)
        self.pairs += len(rows.pairs)
        for row in rows.pairs:
            self.flags.update(row["flags"])
            self.flagged += any(flag != "repaired" for flag in row["flags"])

    @property
    def failed(self) -> int:
        """Inputs that could not be read."""
        return sum(unread.status == "failed" for unread in self.tally.unread)

    def lines(self, most_unread: int = 20) -> list[str]:
        """The summary for a person, a line each."""
        tally = self.tally
        if not tally.decisions and not tally.unread:
            return ["nothing to do: the inputs hold no documents"]
        counted = [
            f"{_number(self.documents, 'document')} written",
            *(f"{tally.of(kind)} {kind}" for kind in ("unchanged", "stale") if tally.of(kind)),
            *(
                f"{number} {status}"
                for status in ("skipped", "failed")
                if (number := sum(unread.status == status for unread in tally.unread))
            ),
        ]
        found = [f"{', '.join(counted)}; {_number(self.pairs, 'pair')} in {self.seconds:.0f} s"]
        faults = ", ".join(f"{flag} {number}" for flag, number in self.flags.most_common() if flag != "repaired")
        if faults:
            found.append(f"doubtful: {_number(self.flagged, 'pair')} ({faults})")
        if self.flags["repaired"]:
            found.append(f"mended by a second try: {_number(self.flags['repaired'], 'pair')}")
        if tally.of("stale"):
            found.append(
                f"stale: {_number(tally.of('stale'), 'document')} made by other settings or another model;"
                " --refresh redoes them"
            )
        found += [f"{unread.status}: {unread.source_uri}: {unread.error}" for unread in tally.unread[:most_unread]]
        if len(tally.unread) > most_unread:
            found.append(f"… and {len(tally.unread) - most_unread} more; all stand in the documents table")
        return found

    def markdown(self) -> str:
        """The summary as a Markdown page."""
        first, *rest = self.lines()
        return "\n".join([f"**{first}**", "", f"Dataset: `{self.out}`", "", *(f"- {line}" for line in rest)])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
