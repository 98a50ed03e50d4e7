"""The horizon: plants that start, run, ramp and hold reserve over many periods.

The way of a payload: :mod:`.decoding` (JSON to a valid :class:`~.models.Horizon`), :mod:`.formulation` (all numbers as
integers and fractions, :class:`~.formulation.Instance`), :mod:`.search` (a plan and a bound, from HiGHS; or, where
nothing couples the periods, from :mod:`powerplant.merit_order`), :mod:`.verification` (each rule of the contract, in
integers), :mod:`.planning` (the answer). HiGHS and NumPy are imported only where periods are coupled.
"""
