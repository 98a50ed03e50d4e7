"""Measurements of the solver: families of fleets, two other solvers for comparison, tables and a plot."""
