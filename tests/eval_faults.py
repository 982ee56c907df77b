"""Precision and recall of each flag on the fault set (`tests/gold/faults.jsonl`): ``python tests/eval_faults.py``.

Where references are at hand (``DUIYI_EVAL_DIR``), also how many good translations are flagged: `reference_lines`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from duiyi.processors.checks import FLAGS, flags_of
from duiyi.processors.glossary import Term
from duiyi.processors.records import Hypothesis
from duiyi.processors.repair import model_input
from duiyi.processors.settings import CheckSettings

FAULTS = Path(__file__).parent / "gold" / "faults.jsonl"


class Counted(NamedTuple):
    """How often a flag was right, wrong and missing."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of the pairs that were flagged, the share that should be."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Of the pairs that should be flagged, the share that were."""
        return self.right / max(self.right + self.missed, 1)


def fault_set() -> list[dict[str, Any]]:
    """The pairs: ``zh``, ``en``, the ``flags`` it should have, and ``score``, ``truncated``, ``terms`` where they matter."""
    return [json.loads(line) for line in FAULTS.read_text("utf-8").splitlines()]


def flags_found(pair: dict[str, Any]) -> tuple[str, ...]:
    """The flags that the checks give a pair."""
    hypothesis = Hypothesis(pair["en"], pair.get("score", -0.3), pair.get("truncated", False))
    terms = tuple(Term(chinese, english) for chinese, english in pair.get("terms", {}).items())
    return flags_of(model_input(pair["zh"]), hypothesis, CheckSettings(), terms)


def counted(pairs: list[dict[str, Any]]) -> dict[str, Counted]:
    """Each flag's figures over the pairs; ``repaired`` is none of a single hypothesis."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for pair in pairs:
        found, wanted = set(flags_found(pair)), set(pair["flags"])
        right.update(found & wanted)
        wrong.update(found - wanted)
        missed.update(wanted - found)
    return {flag: Counted(right[flag], wrong[flag], missed[flag]) for flag in FLAGS if flag != "repaired"}


def reference_lines(folder: Path) -> Iterator[str]:
    """How many good translations are flagged: references and online systems of a WMT set."""
    sources = next(folder.glob("*.src.zh")).read_text("utf-8").splitlines()
    for file in sorted([*folder.glob("*.ref.*.en"), *folder.glob("*.hyp.*.en")]):
        flags: Counter[str] = Counter()
        flagged = 0
        for source, english in zip(sources, file.read_text("utf-8").split("\n"), strict=False):
            found = flags_of(model_input(source), Hypothesis(english.strip(), None), CheckSettings())
            flags.update(found)
            flagged += bool(found)
        details = ", ".join(f"{flag} {count}" for flag, count in flags.most_common())
        yield f"{file.name}: {flagged} of {len(sources)} flagged ({flagged / len(sources):.1%}): {details}"


def main() -> None:
    """Print the table, what is judged wrongly, and the share of good translations that are flagged."""
    pairs = fault_set()
    good = sum(not pair["flags"] for pair in pairs)
    print(
        f"{len(pairs)} pairs, {good} of them good\n\n| flag | precision | recall | pairs |\n| --- | --- | --- | --- |"
    )
    for flag, found in counted(pairs).items():
        print(f"| `{flag}` | {found.precision:.2f} | {found.recall:.2f} | {found.right + found.missed} |")
    print()
    for pair in pairs:
        found = flags_found(pair)
        if set(found) != set(pair["flags"]):
            print(f"{pair['zh']} | {pair['en']}: found {found}, should be {pair['flags']}")
    folder = Path(os.environ.get("DUIYI_EVAL_DIR", "")) / "wmt22-zh-en"
    if folder.is_dir():
        print(*reference_lines(folder), sep="\n")


if __name__ == "__main__":
    main()
