"""Makes ``common_words.txt`` anew: ``python -m duiyi.processors.detection.build_words FOLDER``.

FOLDER holds the lists of SCOWL (Spell Checker Oriented Word Lists; Debian's package ``scowl`` has them in
``/usr/share/dict/scowl``). Words that other languages' function words share are left out: they tell nothing.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

LISTS = (
    "english-words.10",
    "english-words.20",
    "english-words.35",
    "american-words.10",
    "american-words.20",
    "american-words.35",
)
CAPITALISED = (
    "english chinese japanese korean french german spanish italian portuguese russian dutch greek arabic hebrew turkish thai"
    " vietnamese malay indonesian filipino tamil hindi indian american british canadian australian european asian african"
    " singaporean malaysian taiwanese cantonese mandarin swiss swedish danish norwegian finnish polish mexican brazilian"
    " irish scottish welsh monday tuesday wednesday thursday friday saturday sunday january february march april june july"
    " august september october november december christmas easter"
)
"""Languages, nationalities, days and months, which SCOWL keeps among the names."""
HEADER = (
    "# English words: evidence that a few words without any function word are English. From SCOWL (sizes 10 to 35; see"
    " NOTICE), without those that are function words of other languages. Made by build_words.py.\n"
)


def main(folder: Path) -> None:
    """Write the file beside this one."""
    here = Path(__file__).parent
    lines = (here / "function_words.txt").read_text("utf-8").splitlines()
    foreign = {
        word for line in lines if line[:1] not in {"#", ""} and not line.startswith("en:") for word in line.split()
    }
    found = set(CAPITALISED.split())
    for name in LISTS:
        found.update(re.findall("^[a-z]{3,}$", (folder / name).read_text("latin-1"), re.MULTILINE))
    words = " ".join(sorted(found - foreign))
    (here / "common_words.txt").write_text(
        HEADER + "\n".join(textwrap.wrap(words, 120, break_on_hyphens=False)) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
