"""The dictionary that rooms share: CC-CEDICT by simplified word (`lexicon`), and the stems its English is kept in (`stems`)."""
