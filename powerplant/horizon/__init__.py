"""The horizon: plants that start, run, ramp and hold reserve over many periods.

The way of a payload: :mod:`.decoding` (JSON to a valid :class:`~.models.Horizon`), :mod:`.formulation` (all numbers as
integers and fractions), :mod:`.search` (a plan and a bound, from HiGHS; where nothing couples the periods, from
:mod:`powerplant.merit_order`), :mod:`.verification` (each rule of the contract, in integers), :mod:`.planning` (all of
these), :mod:`.members` and :mod:`.reporting` (answer and report). HiGHS and NumPy are imported only where periods are
coupled.
"""
