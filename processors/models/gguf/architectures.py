"""The families of language models that CTranslate2's decoder can hold, and how a GGUF's tensors become one.

The layouts are those of CTranslate2's own loaders (``ctranslate2.converters.transformers``), but for what a GGUF
holds otherwise than the published checkpoint, because llama.cpp changed it while converting:

* the rows of Llama's queries and keys are reordered, so that rotary embeddings turn neighbours instead of halves;
* Gemma's norms already have the 1 added that its layers add;
* the slowed-down rotary frequencies of Llama 3.1 and later are written out, as the tensor ``rope_freqs``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import attention_spec, common_spec, transformer_spec

from .checkpoint import Checkpoint
from .weights import Int8Rows, Quantiser, RowScales


@dataclass(frozen=True, slots=True)
class Architecture:
    """What tells one family from another.

    ``rotary_interleave``: rotary embeddings turn neighbouring dimensions of a head, not its two halves. ``qk_norm``:
    queries and keys are normalised. ``gemma``: embeddings are scaled by the root of their width and the activation is
    GELU. ``local_layers``: all layers but each sixth see a sliding window, with a rotary base of their own, and each
    part of a layer is normalised after it too.
    """

    rotary_interleave: bool = False
    qk_norm: bool = False
    gemma: bool = False
    local_layers: bool = False


ARCHITECTURES = {
    "gemma": Architecture(gemma=True),
    "gemma3": Architecture(gemma=True, qk_norm=True, local_layers=True),
    "llama": Architecture(rotary_interleave=True),
    "qwen2": Architecture(),
    "qwen3": Architecture(qk_norm=True),
}
"""By the name in ``general.architecture``. Mistral's models are llama there."""

GEMMA3_PERIOD, GEMMA3_LOCAL_BASE = 6, 10_000.0
GEMMA3_27B_LAYERS = 62


def architecture_of(checkpoint: Checkpoint) -> Architecture:
    """The family of a checkpoint.

    Raises:
        ValueError: none of `ARCHITECTURES`, or it has a part that CTranslate2's decoder lacks.
    """
    name = checkpoint.architecture
    if name not in ARCHITECTURES:
        raise ValueError(f"its architecture is {name}; known are {', '.join(ARCHITECTURES)}")
    if checkpoint.scalars.get(f"{name}.attn_logit_softcapping"):
        raise ValueError("it caps its attention, which CTranslate2 cannot")
    return ARCHITECTURES[name]


def build_spec(checkpoint: Checkpoint, quantiser: Quantiser) -> Any:
    """The CTranslate2 specification of a checkpoint; its weights are read when it is saved.

    Raises:
        ValueError: it is of no known family, or holds less or more than its family has.
    """
    architecture = architecture_of(checkpoint)
    spec = _empty_spec(checkpoint, architecture)
    _fill(spec.decoder, checkpoint, architecture, quantiser)
    unknown = sorted(checkpoint.tensors.keys() - checkpoint.used)
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise ValueError(f"it has tensors that a {checkpoint.architecture} has not: {', '.join(unknown[:3])}{more}")
    return spec


def _empty_spec(checkpoint: Checkpoint, architecture: Architecture) -> Any:
    heads = int(checkpoint.own("attention.head_count"))
    kv_heads = int(checkpoint.own("attention.head_count_kv", heads))
    width = int(checkpoint.own("embedding_length"))
    head_width = int(checkpoint.own("attention.key_length", width // heads))
    if checkpoint.own("attention.value_length", head_width) != head_width:
        raise ValueError("its keys and values are of different widths")
    if checkpoint.own("rope.dimension_count", head_width) != head_width:
        raise ValueError("it turns only a part of each head, which this conversion does not know")
    frequencies = checkpoint.vector("rope_freqs.weight") if "rope_freqs.weight" in checkpoint.tensors else None
    special: dict[str, Any] = {}
    if head_width * heads != width:
        special["head_dim"] = head_width
    if architecture.qk_norm:
        special["qk_norm"] = True
    if architecture.local_layers:
        special["pre_post_layer_norm"] = True
        special["sliding_window"] = int(checkpoint.own("attention.sliding_window"))
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        num_layers=int(checkpoint.own("block_count")),
        num_heads=heads,
        activation=common_spec.Activation.GELUTanh if architecture.gemma else common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=architecture.rotary_interleave,
        rotary_base=float(checkpoint.own("rope.freq_base", 10_000.0)),
        num_heads_kv=None if kv_heads == heads else kv_heads,
        **_rotary_scaling(checkpoint, frequencies),
        **special,
    )
    spec.decoder.scale_embeddings = architecture.gemma
    if architecture.gemma:
        spec.decoder.embeddings.multiply_by_sqrt_depth = math.sqrt(width)
    capping = checkpoint.own("final_logit_softcapping", 0.0)
    if capping:
        spec.decoder.final_logit_softcapping = np.dtype("float32").type(capping)
    for layer in spec.decoder.layer:
        if frequencies is not None:
            layer.self_attention.rotary_scaling_long_factor = frequencies
            layer.self_attention.rotary_scaling_short_factor = frequencies
    if architecture.local_layers:
        _set_local_layers(spec.decoder, checkpoint, width / heads)
    spec.config.layer_norm_epsilon = float(checkpoint.own("attention.layer_norm_rms_epsilon"))
    return spec


def _rotary_scaling(checkpoint: Checkpoint, frequencies: npt.NDArray[np.float32] | None) -> dict[str, Any]:
    scaling = checkpoint.own("rope.scaling.type", "linear")  # llama.cpp's default, by a factor of 1
    factor = float(checkpoint.own("rope.scaling.factor", 1.0))
    if scaling not in ("none", "linear") or (frequencies is not None and factor != 1):
        raise ValueError(f"it scales its rotary embeddings in a manner ({scaling}) that this conversion does not know")
    if frequencies is not None:
        # what CTranslate2 calls Su divides each frequency by a factor of its own, which is what the tensor holds
        return {"rotary_scaling_type": attention_spec.RotaryScalingType.Su}
    if scaling == "none" or factor == 1:
        return {}
    return {"rotary_scaling_type": attention_spec.RotaryScalingType.Linear, "rotary_scaling_factor": factor}


def _set_local_layers(decoder: Any, checkpoint: Checkpoint, queries_width: float) -> None:
    """Give each layer the range that it sees, and its rotary embeddings."""
    single = np.dtype("float32").type
    period = int(checkpoint.own("attention.sliding_window_pattern", GEMMA3_PERIOD))
    local_base = float(checkpoint.own("rope.freq_base_swa", GEMMA3_LOCAL_BASE))
    for number, layer in enumerate(decoder.layer, start=1):
        attention = layer.self_attention
        if number % period == 0:
            attention.sliding_window = np.dtype("int32").type(0)
        else:
            attention.rotary_base = single(local_base)
            if hasattr(attention, "rotary_scaling_factor"):  # only what sees far is slowed down
                attention.rotary_scaling_factor = single(1)
        if len(decoder.layer) == GEMMA3_27B_LAYERS:  # the one size whose queries are not scaled by a head's width
            attention.queries_scale = single(1 / math.sqrt(queries_width))


def _fill(decoder: Any, checkpoint: Checkpoint, architecture: Architecture, quantiser: Quantiser) -> None:
    def matrix(target: Any, *names: str) -> None:
        rows = Int8Rows([checkpoint.tensor(f"{name}.weight") for name in names], quantiser)
        target.weight, target.weight_scale = rows, RowScales(rows)

    def norm(target: Any, name: str) -> None:
        target.gamma = checkpoint.vector(f"{name}.weight")

    matrix(decoder.embeddings, "token_embd")
    matrix(decoder.projection, "output" if "output.weight" in checkpoint.tensors else "token_embd")
    norm(decoder.layer_norm, "output_norm")
    for number, layer in enumerate(decoder.layer):
        block = f"blk.{number}"
        attention, feed_forward = layer.self_attention, layer.ffn
        queries_keys_values = [f"{block}.attn_{part}" for part in "qkv"]
        matrix(attention.linear[0], *queries_keys_values)
        bias = _bias(checkpoint, queries_keys_values)
        if bias is not None:
            attention.linear[0].bias = bias
        matrix(attention.linear[1], f"{block}.attn_output")
        matrix(feed_forward.linear_0, f"{block}.ffn_gate")
        matrix(feed_forward.linear_0_noact, f"{block}.ffn_up")
        matrix(feed_forward.linear_1, f"{block}.ffn_down")
        if architecture.qk_norm:
            norm(attention.q_norm, f"{block}.attn_q_norm")
            norm(attention.k_norm, f"{block}.attn_k_norm")
        if architecture.local_layers:
            norm(layer.input_layer_norm, f"{block}.attn_norm")
            norm(layer.post_attention_layer_norm, f"{block}.post_attention_norm")
            norm(layer.pre_feedforward_layer_norm, f"{block}.ffn_norm")
            norm(layer.post_feedforward_layer_norm, f"{block}.post_ffw_norm")
        else:
            norm(attention.layer_norm, f"{block}.attn_norm")
            norm(feed_forward.layer_norm, f"{block}.ffn_norm")


def _bias(checkpoint: Checkpoint, names: list[str]) -> npt.NDArray[np.float32] | None:
    if not any(f"{name}.bias" in checkpoint.tensors for name in names):
        return None
    return np.concatenate([checkpoint.vector(f"{name}.bias") for name in names])
