"""The flags that a pair can carry, each with what it tells a reader. `checks` sets those that can be seen by machine."""

from __future__ import annotations

FLAGS = {
    "empty": "could not be translated",
    "untranslated_han": "Chinese left in the English",
    "repetition": "the English repeats itself",
    "length_ratio": "the English is too short or too long for the Chinese",
    "number_mismatch": "a number of one side is not on the other",
    "guest_missing": "a name, address, placeholder or English word of the source is gone",
    "term_missed": "a term of the glossary was translated otherwise",
    "echo": "the source is repeated instead of translated",
    "meta_answer": "the model talks of the text instead of translating it",
    "low_score": "the model was unsure of it",
    "truncated": "the English was cut at its greatest length",
    "repaired": "was flagged at first, mended by another try",
}
