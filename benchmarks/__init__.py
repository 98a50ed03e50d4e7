"""Measurements of the solver: named fleets, two established solvers beside it, tables and a growth plot."""
