"""Benchmarks of the horizon: public instances, desks' days, and HiGHS alone as the rival.

:mod:`.originals` reads the files of others, :mod:`.convert` makes payloads of them, and :mod:`.rules_of_others` judges
a plan by the rules of the file's own format. :mod:`.alone` is HiGHS on a model of its own. ``python -m
benchmarks.horizon`` runs all and prints the tables.
"""
