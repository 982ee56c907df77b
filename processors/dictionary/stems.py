"""English words brought down to a stem that a dictionary's glosses share."""

from __future__ import annotations

import re
from functools import lru_cache

STOP_WORDS = frozenset(
    "a an the and or nor but so if then than that this these those there here of to in on at by for from with without into"
    " onto upon over under about as is are was were be been being am do does did done doing have has had having i you he she"
    " it we they me him her us them my your his its our their mine yours hers ours theirs myself yourself himself herself"
    " itself ourselves themselves who whom whose which what when where why how not no will would shall should can could may"
    " might must s t d ll m re ve don doesn didn isn aren wasn weren won wouldn shouldn couldn can't cannot also just very"
    " too more most such some any each every all both other another only own same out up down off again etc eg ie sb sth"
    " one's one get gets got let lets one much many".split()
)
"""Words that nearly every English text holds, so that meeting them tells nothing."""

_IRREGULAR = {
    form: base
    for base, forms in (
        line.split(":")
        for line in (
            "arise:arose arisen|become:became|begin:began begun|bend:bent|bind:bound|bite:bit bitten|blow:blew blown|"
            "break:broke broken|bring:brought|build:built|burn:burnt|buy:bought|catch:caught|choose:chose chosen|come:came|"
            "deal:dealt|dig:dug|draw:drew drawn|drink:drank drunk|drive:drove driven|eat:ate eaten|fall:fell fallen|feed:fed|"
            "feel:felt|fight:fought|find:found|flee:fled|fly:flew flown|forbid:forbade forbidden|forget:forgot forgotten|"
            "forgive:forgave forgiven|freeze:froze frozen|give:gave given|go:went gone|grow:grew grown|hang:hung|hear:heard|"
            "hide:hid hidden|hold:held|keep:kept|know:knew known|lay:laid|lead:led|leave:left|lend:lent|lie:lay lain|lose:lost|"
            "make:made|mean:meant|meet:met|pay:paid|ride:rode ridden|ring:rang rung|rise:rose risen|run:ran|say:said|see:saw seen|"
            "seek:sought|sell:sold|send:sent|shake:shook shaken|shine:shone|shoot:shot|show:shown|shrink:shrank shrunk|"
            "sing:sang sung|sink:sank sunk|sit:sat|sleep:slept|speak:spoke spoken|spend:spent|stand:stood|steal:stole stolen|"
            "stick:stuck|strike:struck|swear:swore sworn|swim:swam swum|swing:swung|take:took taken|teach:taught|tear:tore torn|"
            "tell:told|think:thought|throw:threw thrown|understand:understood|wake:woke woken|wear:wore worn|win:won|"
            "withdraw:withdrew withdrawn|write:wrote written|man:men|woman:women|child:children|foot:feet|tooth:teeth|mouse:mice|"
            "person:people|use:uses used using user users|life:lives|wife:wives|knife:knives|half:halves|shelf:shelves|"
            "wolf:wolves|thief:thieves|loaf:loaves|leaf:leaves|calf:calves|mum:mom mam mommy mama mother|"
            "dad:daddy papa father|good:better best|bad:worse worst|far:further farther|"
            "datum:data|medium:media|index:indices|january:jan|february:feb|march:mar|april:apr|june:jun|july:jul|"
            "august:aug|september:sep sept|october:oct|november:nov|december:dec|monday:mon|tuesday:tue|wednesday:wed|"
            "thursday:thu|friday:fri|saturday:sat|sunday:sun|hour:hrs|minute:mins min|kilometre:km|metre:m|kilogram:kg|"
            "china:chinese|japan:japanese|malaysia:malaysians|britain:british|france:french|germany:german germans|"
            "taiwan:taiwanese|europe:european europeans|korea:korean koreans|singapore:singaporean singaporeans|spain:spanish"
        ).split("|")
    )
    for form in forms.split()
}
_SUFFIXES = (
    "ization", "isation", "fulness", "ousness", "iveness", "ational", "ation", "ition", "ments", "ingly", "edly", "ment", "ness",
    "able", "ible", "ance", "ence", "ally", "ings", "ions", "sion", "tion", "ive", "ize", "ise", "ing", "ful", "ous", "ity", "ial",
    "ers", "ors", "ies", "ion", "ant", "ent", "al", "ic", "ly", "ed", "er", "or", "es", "s", "y",
)  # fmt: skip
_INFLECTION = frozenset(("ing", "ings", "ies", "ed", "es", "s", "y"))
_WHOLE = frozenset(
    ("news", "business", "series", "species", "this", "during", "thing", "things", "string", "bring", "spring", "king")
)
_LEAST = 4
"""Letters that a stem keeps at least when a derivational ending goes."""

word = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['’-][A-Za-z]+)*")


@lru_cache(maxsize=200_000)
def stem(form: str) -> str:
    """The stem of a lower-case English word: inflection and common derivation cut off, British spelling made American.

    ``install``, ``installs``, ``installing`` and ``installation`` share one. It is for comparing, not for showing (a strong stemmer
    in the manner of Lovins 1968: glosses and texts differ in word class more often than unrelated words collide).
    """
    form = _IRREGULAR.get(form, form)
    if form.endswith(("'s", "’s")):
        form = form[:-2]
    if form.endswith("our") and len(form) > 5:
        form = form[:-3] + "or"
    if form.endswith("tre") and len(form) > 5:
        form = form[:-2] + "er"
    if form in _WHOLE:
        return form
    if form.endswith(("ian", "ican")):
        form = form[:-1]
    if form.endswith("ied"):
        form = form[:-3] + "y"
    for _ in range(3):
        for suffix in _SUFFIXES:
            if form.endswith(suffix) and len(form) - len(suffix) >= (3 if suffix in _INFLECTION else _LEAST):
                if suffix == "s" and form.endswith("ss"):
                    continue
                form = form[: -len(suffix)]
                break
        else:
            break
    if len(form) > 3 and form[-1] in "ei":
        form = form[:-1]
    if len(form) > 3 and form[-1] == form[-2] and form[-1] not in "aeiou":
        form = form[:-1]
    return form


def content_stems(text: str) -> list[str]:
    """The stems of a text's words in order, stop words left out; the parts of hyphenated words stand singly."""
    found: list[str] = []
    for match in word.finditer(text):
        for part in re.split("-", match.group().lower()):
            plain = part[:-2] if part.endswith(("'s", "’s")) else part
            if plain and plain not in STOP_WORDS and (len(plain) > 1):
                found.append(stem(plain.replace("’", "'")))
    return found
