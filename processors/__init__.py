"""The library of duiyi: one room per step of a document's way.

reading → detection → sentences → tokens → translation → checks → writing. `records` holds the values that pass from
one to the next, `settings` every setting, `models` what is installed to translate with. Nothing here needs Prefect.
"""
