"""The horizon: plants that start, run, ramp and hold reserve over many periods.

A payload passes through these modules:

1. :mod:`.decoding`: JSON to a valid :class:`~.models.Horizon`.
2. :mod:`.formulation`: all numbers as integers and fractions.
3. :mod:`.search`: a plan and a bound, from HiGHS. If nothing couples the periods, :mod:`powerplant.merit_order`.
4. :mod:`.verification`: a check of each rule, in integers and fractions.
5. :mod:`.members` and :mod:`.reporting`: the answer and the report.

:mod:`.planning` calls 2 to 4. HiGHS and NumPy are imported only if the periods are coupled.
"""
