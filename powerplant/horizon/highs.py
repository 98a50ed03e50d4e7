"""HiGHS, silent and in one thread, so that a search can watch and end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from highspy import Highs, HighsLp, HighsModelStatus, HighsStatus, HighsVarType

from powerplant.errors import WrongPlan
from powerplant.horizon.program import Array

WHOLE = 1e-6
"""A value that is nearer than this to a whole number counts as whole: HiGHS computes with floats."""


class Solver(Highs):
    """One run of HiGHS.

    Args:
        lp: the model.
        time_limit: seconds.
        relative_gap: between its plan and its bound, at which it ends.
        presolve: whether to simplify the model first. That can lose solutions, in version 1.16 too, above all in models
            with continuous outputs and few columns.
    """

    def __init__(self, lp: HighsLp, time_limit: float, *, relative_gap: float = 0.0, presolve: bool = True) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # it has no types
        self.setOptionValue("output_flag", False)
        self.setOptionValue("threads", 1)
        self.setOptionValue("presolve", "on" if presolve else "off")
        self.setOptionValue("time_limit", max(0.0, time_limit))
        self.setOptionValue("mip_rel_gap", relative_gap)
        self.setOptionValue("mip_abs_gap", 0.0)
        if self.passModel(lp) == HighsStatus.kError:
            raise WrongPlan("HiGHS does not accept the model")

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS' name
        """Do nothing. HiGHS calls this when it is created, and would print its name and version to stdout."""

    def watch(
        self,
        ends: Callable[[float], bool],
        improved: Callable[[Array], None] | None = None,
        better: Callable[[float], Array | None] | None = None,
    ) -> None:
        """Call functions while it runs.

        Args:
            ends: called often with the bound; whether to end.
            improved: called with each better plan, as the values of the columns.
            better: called from time to time with the cost of its plan; returns a plan that costs less, if one is known.
        """
        super().enableCallbacks()  # type: ignore[no-untyped-call]  # it has no types

        def interrupt(event: Any) -> None:
            event.data_in.user_interrupt = ends(event.data_out.mip_dual_bound)

        def interrupt_simplex(event: Any) -> None:
            event.data_in.user_interrupt = ends(-np.inf)

        def take(event: Any) -> None:
            assert improved is not None  # noqa: S101 - for the type checker
            improved(np.array(event.data_out.mip_solution))

        def give(event: Any) -> None:
            assert better is not None  # noqa: S101 - for the type checker
            values = better(event.data_out.mip_primal_bound)
            if values is not None:
                event.data_in.setSolution(values)

        self.cbMipInterrupt += interrupt
        self.cbSimplexInterrupt += interrupt_simplex
        if improved is not None:
            self.cbMipImprovingSolution += take
        if better is not None:
            self.cbMipUserSolution += give

    def fix(self, columns: Array, values: Array) -> None:
        """Fix columns."""
        fixed = np.asarray(values, dtype=float).ravel()
        self.changeColsBounds(len(fixed), columns.ravel(), fixed, fixed)

    def begin_with(self, columns: Array, values: Array) -> None:
        """Begin with a solution: the values of all columns that are whole numbers.

        If a value is missing, HiGHS finds it in a model in which the others are fixed. It then calls the functions of
        :meth:`watch` with the bound of that model, which is not a bound of this one.
        """
        self.setSolution(columns.size, columns, values)

    def make_whole(self, columns: Array) -> None:
        """Make columns whole numbers."""
        self.changeColsIntegrality(columns.size, columns.ravel(), np.full(columns.size, HighsVarType.kInteger))

    def make_continuous(self, columns: Array) -> None:
        """Let columns have any value within their bounds."""
        self.changeColsIntegrality(columns.size, columns.ravel(), np.full(columns.size, HighsVarType.kContinuous))

    def stop_at_root(self) -> None:
        """End after the root of the search tree."""
        self.setOptionValue("mip_max_nodes", 1)

    def leave_out(self, *heuristics: str) -> None:
        """Use no heuristics of these names."""
        for heuristic in heuristics:
            self.setOptionValue(f"mip_heuristic_run_{heuristic}", False)

    def solve_it(self) -> Array | None:
        """Run, and return the values of the columns; ``None`` without a solution."""
        self.run()
        solution = self.getSolution()
        return np.array(solution.col_value) if solution.value_valid else None

    @property
    def bound(self) -> float:
        """The lower bound of a model with whole numbers."""
        return float(self.getInfo().mip_dual_bound)

    @property
    def is_infeasible(self) -> bool:
        """Whether it says that there is no solution."""
        return bool(self.getModelStatus() == HighsModelStatus.kInfeasible)

    @property
    def is_optimal(self) -> bool:
        """Whether it says that its solution is within the gap."""
        return bool(self.getModelStatus() == HighsModelStatus.kOptimal)
