"""`duiyi run --dry-run`: what a run would do, without a model and without writing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from duiyi.processors.analysis import analyse_in_parts
from duiyi.processors.errors import NoModelError
from duiyi.processors.memory import Translator, documents_to_redo, duration, load_of, open_memory
from duiyi.processors.plan import Prune, Tally, choose, shards
from duiyi.processors.repair import model_input
from duiyi.processors.settings import Settings
from duiyi.processors.writing import stored_documents

MOST_UNREAD = 1000


def dry_run_lines(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    force: bool,
    refresh: bool,
    limit: int | None,
    prune: Prune,
) -> Iterator[str]:
    """Lines for a person: documents by decision, new sentences, about how long they take."""
    choice = choose(settings, force=force, refresh=refresh, limit=limit, prune=prune)
    tally = Tally()
    warnings: list[str] = []
    with open_memory(settings.memory, warnings.append, make=False) as memory:
        translator = Translator(memory, settings, force=force)
        if choice.translates:
            choice = replace(choice, corrected=documents_to_redo(memory, out, noting=False))
        missing: NoModelError | None = None
        seen: set[int] = set()  # hashes of sentences: a fraction of the memory
        sentences = load = documents = 0
        stored = stored_documents(out)
        for shard in shards(inputs, out, lambda: stored, choice, settings, tally):
            for document in shard.documents:
                documents += 1
                for part in analyse_in_parts(document, settings, settings.flows.part_characters):
                    texts = part.wanted_texts
                    if not choice.translates or not texts:
                        continue
                    try:
                        new = translator.new(texts)
                    except NoModelError as error:
                        missing, new = error, list(dict.fromkeys(map(model_input, texts)))
                    fresh = [source for source in new if hash(source) not in seen]
                    seen.update(map(hash, fresh))
                    sentences += len(fresh)
                    load += sum(map(load_of, fresh))
        rate = None if missing or not sentences else memory.rate(translator.identity)
        yield ", ".join(f"{number} {decision}" for decision, number in tally.decisions.items()) or "no documents"
        yield from tally.unread_lines(MOST_UNREAD)
        yield from tally.notes
        yield from warnings
        if tally.pruned:
            yield f"would drop {tally.pruned} documents that are gone"
        if not choice.translates:
            yield f"would write {documents} documents, without translating"
            return
        would = f"would write {documents} documents and translate {sentences} different sentences"
        if missing:
            yield f"{would}, but {missing}"
        elif not sentences:
            yield f"{would}: the translation memory has them all" if documents else would
        elif rate is None:
            yield f"{would} with {translator.identity.engine}; how long that takes is known after the first run on this machine"
        else:
            yield f"{would}, in about {duration(load / rate)} with {translator.identity.engine}"
