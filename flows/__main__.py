"""``python -m duiyi.flows`` is the command ``duiyi``."""

from .cli import main

main()
