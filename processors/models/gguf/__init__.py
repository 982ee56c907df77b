"""Making a CTranslate2 model of an instruction-tuned language model in a GGUF file."""
