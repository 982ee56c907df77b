"""A loop over `argostranslate.translate.translate`, in an environment of Argos' own (`make bench` builds it in build/argos-peer).

Reads lines of JSON, each a list of texts, and answers each with ``{"seconds": …, "english": […]}``. Argos Translate is as published and as it is
configured by its variables. Two things stand in for others, and both only make it faster:

- Its sentences are split by spaCy's rule-based sentencizer, a way of splitting of Argos' own (``ARGOS_CHUNK_TYPE=SPACY`` with a pipeline in the
  package), instead of the neural models of MiniSBD or Stanza, which it fetches at first use.
- ``stanza`` is an empty module: Argos imports it, and through it 5 GB of CUDA, but calls it for packages with Stanza's models only.
"""

import json
import os
import sys
import time
import types
from pathlib import Path


def main() -> None:
    import spacy

    # Argos looks for a model here, and fetches it if there is none, though the package's own is used
    cached = Path(os.environ["XDG_CACHE_HOME"]) / "argos-translate" / "spacy" / "senter" / "model"
    cached.parent.mkdir(parents=True)
    cached.touch()
    for package in Path(os.environ["ARGOS_PACKAGES_DIR"]).iterdir():
        spacy.blank("xx").to_disk(package / "spacy")
    sys.modules["stanza"] = types.ModuleType("stanza")
    from argostranslate.translate import translate

    for line in sys.stdin:
        texts = json.loads(line)
        started = time.perf_counter()
        english = [translate(text, "zh", "en") for text in texts]
        print(json.dumps({"seconds": time.perf_counter() - started, "english": english}), flush=True)


if __name__ == "__main__":
    main()
