"""The command line: ``powerplant plan`` and ``powerplant check``, the service's use cases without a server.

What was asked for goes to stdout, what is wrong goes to stderr. A command imports what it needs when it is called, so
that help comes at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn, TypeVar

import click

from powerplant import __version__
from powerplant.config import Settings
from powerplant.errors import InfeasibleLoad, InvalidPayload, MalformedPayload, OutOfTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from powerplant.auditing import GivenOutput, LeastCost
    from powerplant.errors import Fault
    from powerplant.formulation import Instance
    from powerplant.merit_order import Proof
    from powerplant.models import ProductionPlanRequest
    from powerplant.planning import Solved
    from powerplant.proofs import Claim
    from powerplant.solving import Solvers

Command = TypeVar("Command", bound=Callable[..., None])
Content = TypeVar("Content")

NO_PLAN, BAD_INPUT = 1, 2
"""Exit codes: no plan, or a plan or proof that is wrong; input that cannot be read or is not valid."""

MOST_FAULTS = 100
"""How many faults are told; the rest are counted. The service does the same."""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """The cheapest production plan that meets the load of one hour, exactly and proven.

    \b
    Examples:
      powerplant plan payload.json
      powerplant plan payload.json --json > plan.json
      powerplant check payload.json plan.json

    powerplant COMMAND --help says more. A file named - is stdin.

    \b
    Exit codes:
      0  fine
      1  no plan meets the load, or the plan or the proof that is checked is wrong
      2  a file cannot be read or is not valid, or the command line is not
    """  # noqa: D301 - click wants the character itself
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


# --- Input -----------------------------------------------------------------------------------------------------------

STDIN = "stdin"


class Source:
    """A file that was given, as its name and its content. What is wrong with the content ends the command."""

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self._body = body

    def payload(self, *, co2: bool) -> ProductionPlanRequest:
        """The payload that it holds."""
        from powerplant.decoding import decode

        return self._read(lambda body: decode(body, co2=co2, max_plants=sys.maxsize))

    def plan(self) -> list[GivenOutput]:
        """The plan that it holds."""
        from powerplant.auditing import decode_plan

        return self._read(decode_plan)

    def proof(self) -> Claim:
        """The proof that it holds, with what it claims."""
        from powerplant.proofs import proof_from_json

        return self._read(proof_from_json)

    def place(self, pointer: str) -> str:
        """File and line of what a pointer points at."""
        from powerplant.places import line_of

        return f"{self.name}:{line_of(self._body.decode('utf-8-sig'), pointer)}"

    def tell(self, faults: Sequence[Fault]) -> None:
        """A line for each fault, of the first ones: file, line, field, and what is wrong."""
        for pointer, detail in faults[:MOST_FAULTS]:
            field = "" if pointer == "#" else f" {pointer.removeprefix('#')}:"
            _complain(f"{self.place(pointer)}:{field} {detail}")
        if len(faults) > MOST_FAULTS:
            _complain(f"{self.name}: {_count(len(faults) - MOST_FAULTS, 'more fault')}.")

    def _read(self, decode: Callable[[bytes], Content]) -> Content:
        try:
            return decode(self._body)
        except MalformedPayload as error:
            message = str(error).replace("The body", "It", 1)
            line = re.search(r"at line (\d+)", message)
            _fail(f"{self.name}:{line[1] if line else 1}: {message}", BAD_INPUT)
        except InvalidPayload as error:
            self.tell(error.faults)
            sys.exit(BAD_INPUT)


def _read(_context: click.Context, _parameter: click.Parameter, stream: BinaryIO | None) -> Source | None:
    """A file as click has opened it; the name that click has for stdin is <stdin>."""
    if stream is None:
        return None
    name = getattr(stream, "name", "<stdin>")
    if name == "<stdin>":
        return Source(STDIN, stream.read())
    with stream:
        return Source(name, stream.read())


# --- Options that commands share -------------------------------------------------------------------------------------


def _above_zero(_context: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    if not 0 < seconds < float("inf"):
        raise click.BadParameter("must be a number above 0")
    return seconds


def _planning_options(command: Command) -> Command:
    """How a payload is planned, with the same words and defaults as the service has."""
    co2 = click.option(
        "--co2/--no-co2",
        default=Settings.co2,
        envvar="POWERPLANT_CO2",
        show_envvar=True,
        help="Whether CO2 counts in the cost.  [default: it does]",
    )
    time_limit = click.option(
        "--time-limit",
        type=float,
        default=Settings.time_limit,
        callback=_above_zero,
        envvar="POWERPLANT_TIME_LIMIT",
        show_envvar=True,
        show_default=True,
        metavar="SECONDS",
        help="Seconds that the solver may take.",
    )
    return co2(time_limit(command))


# --- powerplant plan -------------------------------------------------------------------------------------------------


@main.command()
@click.argument("file", type=click.File("rb"), callback=_read)
@click.option("--json", "form", flag_value="json", help="Print the service's answer, byte for byte.")
@click.option("--report", "form", flag_value="report", help="Print the service's report (JSON), byte for byte.")
@click.option("--why", "form", flag_value="why", help="Print the table, then prices and a reason for each plant.")
@click.option(
    "--proof",
    "proof_path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the proof to a file: that no plan is cheaper, or that there is none.",
)
@click.option("--feasible", is_flag=True, help="Take the best plan found when the time is over.")
@_planning_options
def plan(file: Source, form: str | None, proof_path: Path | None, feasible: bool, co2: bool, time_limit: float) -> None:
    """Print the cheapest plan for the payload in FILE.

    Without an option it is a table, the cheapest plant first, with costs and totals.

    \b
    Examples:
      powerplant plan payload.json
      curl -s https://desk.example.com/hour.json | powerplant plan -
      powerplant plan payload.json --no-co2 --json > plan.json
      powerplant plan payload.json --proof proof.json
    """  # noqa: D301 - click wants the character itself
    from powerplant.planning import solve_request
    from powerplant.solving import Solvers

    request = file.payload(co2=co2)
    solvers = Solvers(1)
    try:
        solved = solve_request(request, co2=co2, time_limit=time_limit, solvers=solvers, feasible=feasible)
    except InfeasibleLoad as error:
        _write_proof_of_none(proof_path, error)
        _fail(f"{file.place('#/load')}: {error}", NO_PLAN)
    except OutOfTime as error:
        _fail(f"{file.name}: {error} A larger --time-limit may help, or --feasible.", NO_PLAN)
    _write_proof_of_cost(proof_path, solved)
    answer = _presented(form, request, solved, solvers, co2=co2, time_limit=time_limit)
    # A file or a pipe gets UTF-8, and no other line ends, whatever the system is used to.
    click.echo(answer.decode() if sys.stdout.isatty() else answer, nl=False)


def _presented(
    form: str | None, request: ProductionPlanRequest, solved: Solved, solvers: Solvers, *, co2: bool, time_limit: float
) -> bytes:
    """A plan in the form that was asked for."""
    from powerplant.answers import plan_as_json, report_as_json
    from powerplant.console import plan_as_table, report_as_text
    from powerplant.merit_order.alternatives import NOT_COMPUTED, Appraisal
    from powerplant.planning import present
    from powerplant.reporting import appraised, explain

    if form == "json":
        return plan_as_json(present(*solved))
    if form is None:  # the table says nothing of alternatives
        nothing = Appraisal(NOT_COMPUTED, NOT_COMPUTED, [NOT_COMPUTED] * len(request.powerplants))
        return plan_as_table(explain(request, solved, nothing, co2=co2)).encode()
    report = explain(request, solved, appraised(solved, time_limit, solvers), co2=co2)
    return report_as_json(report) if form == "report" else report_as_text(report).encode()


def _write_proof_of_cost(path: Path | None, solved: Solved) -> None:
    from powerplant.planning import UNPROVEN

    if path is None:
        return
    if solved.solution.proof is UNPROVEN:
        click.echo(f"{path} is not written: the plan is not proven to be the cheapest.", err=True)
        return
    _write_proof(path, solved.solution.cost, solved.solution.proof)


def _write_proof_of_none(path: Path | None, error: InfeasibleLoad) -> None:
    from powerplant.merit_order import Infeasible

    if path is None:
        return
    if isinstance(error.__cause__, Infeasible):
        _write_proof(path, None, error.__cause__.proof)
    else:
        click.echo(f"{path} is not written: a load that is no multiple of 0.1 MW needs no proof.", err=True)


def _write_proof(path: Path, cost: int | None, proof: Proof) -> None:
    from powerplant.proofs import Claim, proof_as_json

    try:
        path.write_text(proof_as_json(Claim(cost, proof)), encoding="utf-8")
    except OSError as error:
        _fail(f"{path}: {error.strerror}", BAD_INPUT)
    if not proof.certified:
        click.echo(f"{path}: this proof can be recomputed, but not checked ({proof.method}).", err=True)


# --- powerplant check ------------------------------------------------------------------------------------------------


@main.command(short_help="Check anybody's plan for a payload.")
@click.argument("file", type=click.File("rb"), callback=_read)
@click.argument("plan", type=click.File("rb"), callback=_read, required=False)
@click.option(
    "--proof",
    type=click.File("rb"),
    callback=_read,
    help="Check this proof instead of solving; the plan must be as cheap as it says.",
)
@click.option("--optimal", is_flag=True, help="A plan that is not shown to be a cheapest one is wrong, too.")
@_planning_options
def check(file: Source, plan: Source | None, proof: Source | None, optimal: bool, co2: bool, time_limit: float) -> None:
    """Check anybody's PLAN for the payload in FILE: all that is wrong with it, and how far it is from the cheapest.

    PLAN is a list of {"name": ..., "p": ...}, as the service answers, in any order. To know how far it is from the
    cheapest, the payload is solved; with --proof nothing is solved, and a plan that the proof does not show to be a
    cheapest one counts as wrong. With --proof and no PLAN the proof alone is checked: also one that no plan exists.

    \b
    Examples:
      powerplant check payload.json plan.json
      powerplant plan payload.json --json | powerplant check payload.json -
      powerplant check payload.json plan.json --proof proof.json
      powerplant check payload.json --proof proof.json
    """  # noqa: D301 - click wants the character itself
    from powerplant.formulation import formulate

    if [source.name for source in (file, plan, proof) if source is not None].count(STDIN) > 1:
        raise click.UsageError("Only one of the files can be stdin.")
    request = file.payload(co2=co2)
    instance = formulate(request, co2=co2)
    if plan is not None:
        cost = _check_plan(plan, request, instance)
        least = _least_cost(instance, time_limit) if proof is None else _proven_cost(proof, instance, cost)
        _tell_distance(cost, least)
        if cost > least.bound and (optimal or proof is not None):
            sys.exit(NO_PLAN)
    elif proof is not None:
        _check_proof(proof, request, instance)
    else:
        raise click.UsageError("Give a PLAN, or a --proof, or both.")


def _check_plan(source: Source, request: ProductionPlanRequest, instance: Instance) -> int:
    """The cost of a plan, in the solver's unit; a plan that is none ends the command."""
    from powerplant.auditing import audit
    from powerplant.formulation import euros

    faults, cost = audit(request, instance, source.plan())
    if cost is None:
        source.tell(faults)
        _fail(f"This is no plan for the payload: {_count(len(faults), 'fault')}.", NO_PLAN)
    click.echo(f"The plan is right: every plant is listed, within its limits, and they make {request.load} MW exactly.")
    click.echo(f"It costs {_euro(euros(cost))}.")
    return cost


def _least_cost(instance: Instance, time_limit: float) -> LeastCost:
    from powerplant.auditing import least_cost
    from powerplant.solving import Solvers

    return least_cost(instance, time_limit, Solvers(1))


def _proven_cost(source: Source, instance: Instance, cost: int | None) -> LeastCost:
    """The least cost by a proof; one that proves none ends the command."""
    from powerplant.auditing import LeastCost, proven_cost

    claim = source.proof()
    bound = proven_cost(instance, claim, cost)
    if bound is None:
        _reject(source, claim, "a least cost of this payload")
    click.echo(f"The proof holds ({_described(claim)}); nothing had to be solved.")
    return LeastCost(bound, is_met=False)


def _check_proof(source: Source, request: ProductionPlanRequest, instance: Instance) -> None:
    """What a proof says without a plan beside it: a least cost, or that no plan exists."""
    from powerplant.auditing import proves_that_no_plan_exists
    from powerplant.formulation import euros

    claim = source.proof()
    if claim.cost is not None:
        least = _proven_cost(source, instance, None)
        click.echo(f"No plan costs less than {_euro(euros(least.bound))}.")
    elif proves_that_no_plan_exists(instance, claim):
        click.echo(f"The proof holds ({_described(claim)}): no plan meets the load of {request.load} MW.")
    else:
        _reject(source, claim, "that this payload has no plan")


def _reject(source: Source, claim: Claim, what: str) -> NoReturn:
    why = ""
    if not claim.proof.certified:
        why = " It has a step that can only be recomputed: leave it out, and the payload is solved."
    _fail(f"{source.name}: this does not prove {what}.{why}", NO_PLAN)


def _tell_distance(cost: int, least: LeastCost) -> None:
    """How much dearer than the cheapest a plan is."""
    from powerplant.formulation import euros

    if cost == least.bound:
        click.echo("No plan is cheaper.")
        return
    more, bound = euros(cost - least.bound), euros(least.bound)
    share = f" ({_at_least_a_hundredth(100 * more / bound)} %)" if bound > 0 else ""
    if least.is_met:
        click.echo(f"It is {_euro(more)}{share} dearer than the cheapest plan, which costs {_euro(bound)}.")
    else:
        click.echo(
            f"It is at most {_euro(more)}{share} dearer than the cheapest plan: none costs less than {_euro(bound)}."
        )


# --- Words -----------------------------------------------------------------------------------------------------------


def _complain(message: str) -> None:
    from powerplant.console import printable

    click.echo(printable(message), err=True)


def _fail(message: str, code: int) -> NoReturn:
    _complain(message)
    sys.exit(code)


def _described(claim: Claim) -> str:
    return f"{claim.proof.method}, {_count(len(claim.proof.steps), 'step')}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _euro(amount: Decimal) -> str:
    from powerplant.console import euro

    return f"{_at_least_a_hundredth(amount)} euro" if amount > 0 else f"{euro(amount)} euro"


def _at_least_a_hundredth(number: Decimal) -> str:
    return f"{number:,.2f}" if number >= Decimal("0.01") else "less than 0.01"
