"""What a document's pairs are in the end: the author's, and the machine's for the Chinese that has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .analysis import Part
from .author_pairs import AuthorPair, settle, to_translate
from .records import Sentence
from .repair import Translation
from .settings import Settings
from .tokens import tokens_of


@dataclass(frozen=True, slots=True)
class Paired:
    """The pairs of a part of a document: the author's, with the tokens of their Chinese, and the other sentences.

    ``translations[i]`` is that of ``sentences[i]``, which has ``tokens[i]``; None in all where nothing is translated.
    """

    author: tuple[AuthorPair, ...]
    author_tokens: tuple[tuple[str, ...], ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[tuple[str, ...], ...]
    translations: tuple[Translation, ...] | None

    def english(self) -> list[tuple[Sentence, str | None]]:
        """Each Chinese span with its English, in order; the author's goes first where there are both."""
        machine = [None] * len(self.sentences) if self.translations is None else [t.text for t in self.translations]
        found = [
            *((pair.chinese, pair.en) for pair in self.author),
            *zip(self.sentences, machine, strict=True),
        ]
        return sorted(found, key=lambda item: item[0].start)


def pair_up(part: Part, translations: Sequence[Translation] | None, settings: Settings) -> Paired:
    """The pairs of a part; doubtful candidates are settled by the translations of their Chinese.

    Args:
        part: with the author's findings.
        translations: of the sentences that it wants translated (`Part.wanted`), or None where nothing is translated; then
            only sure findings are pairs.
        settings: all of them.
    """
    author = part.findings.pairs
    made = {} if translations is None else dict(zip(part.wanted, translations, strict=True))
    if translations is not None:
        said = {number: one.text for number, one in made.items() if one.text is not None}
        author = settle(part.findings, said, settings.author_pairs)
    numbers = to_translate(author, part.wanted, settings.author_pairs)
    return Paired(
        author,
        tuple(tuple(tokens_of(pair.zh, settings.tokens)) for pair in author),
        tuple(part.sentences[number] for number in numbers),
        tuple(part.tokens[number] for number in numbers),
        None if translations is None else tuple(made[number] for number in numbers),
    )
