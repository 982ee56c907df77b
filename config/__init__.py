"""Data of duiyi: default settings, the jieba user dictionary, the lock of the model's weights."""
