"""Prefect flows over shards of documents, and the command line. The work itself is in `duiyi.processors`."""
