"""From a language model in a GGUF file to a CTranslate2 folder with int8 weights, and the frame of its user's turn."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import ModelInstallError
from ..progress import ByteProgress, Report, heartbeat
from .architectures import architecture_of, build_spec
from .chat_template import ChatFormat, chat_format
from .checkpoint import FAULTS, Checkpoint
from .tokenizer import build_tokenizer
from .weights import Quantiser

TOKENIZER_FILE = "tokenizer.json"


def convert(checkpoint: Checkpoint, source: Path, folder: Path, report: Report) -> ChatFormat:
    """Write a language model into ``folder`` as CTranslate2 int8 (weights, vocabulary, `TOKENIZER_FILE`).

    Args:
        checkpoint: the model.
        source: its file, to name it by.
        folder: an empty folder.
        report: gets a line for a person every few seconds.

    Raises:
        ModelInstallError: it is broken, or not one of the models that CTranslate2 can hold and duiyi can talk to.
    """
    try:
        architecture_of(checkpoint)
        with heartbeat(report, "building the model's tokenizer"):
            chat = chat_format(checkpoint, report)
            tokenizer = build_tokenizer(checkpoint, (*chat.marks, *chat.end_tokens))
        tokenizer.save(str(folder / TOKENIZER_FILE))
        _write_model(checkpoint, folder, report)
    except FAULTS as error:
        raise ModelInstallError(f"{source} cannot be converted: {error}") from error
    return chat


def _write_model(checkpoint: Checkpoint, folder: Path, report: Report) -> None:
    weights = [tensor for tensor in checkpoint.tensors.values() if len(tensor.shape) == 2]
    progress = ByteProgress(report, "converted", sum(int(tensor.n_elements) for tensor in weights))
    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="duiyi-convert")
    try:
        spec = build_spec(checkpoint, Quantiser(pool, progress))
        spec.register_vocabulary(checkpoint.tokens)
        spec.config.eos_token = checkpoint.special_token("eos")
        spec.config.bos_token = checkpoint.special_token("bos") or spec.config.eos_token
        spec.config.unk_token = spec.config.bos_token
        spec.validate()
        spec.optimize()  # without a quantization it only writes equal weights (tied embeddings) once
        spec.save(str(folder))
    finally:
        pool.shutdown(cancel_futures=True)
