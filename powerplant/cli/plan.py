"""``powerplant plan``: the cheapest plan for a payload, as a table or as the service's answer, and its proof."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from powerplant.answers import plan_as_json, report_as_json
from powerplant.batch.workbooks import Workbook
from powerplant.cli.options import decimal_option, file_option, form_option, planning_options
from powerplant.cli.outputs import STDIO, check_openpyxl, keep_apart, write_file
from powerplant.cli.sources import Source, named, print_ignored, read
from powerplant.cli.tables import plan_as_table, report_as_text
from powerplant.cli.words import NO_PLAN, complain, fail, say, say_csv, say_json, terminal_width
from powerplant.decoding import ignored_in
from powerplant.errors import InfeasibleLoad
from powerplant.merit_order import Proof
from powerplant.planning import UNPROVEN, Options, present, solve_request
from powerplant.proofs import Claim, proof_as_json
from powerplant.reporting import appraise_plan, explain, figures_of
from powerplant.rows import Layout, plan_as_csv
from powerplant.workers import Workers


@click.command()
@click.argument("file", callback=read)
@form_option("json", "Print the service's answer, byte for byte.")
@form_option("report", "Print the service's report (JSON), byte for byte.")
@form_option("why", "Print the table, then prices and a reason for each plant.")
@form_option("csv", "Print a row for each plant, as CSV.")
@file_option("xlsx", "workbook", "Also write these rows to a workbook (needs the extra excel).")
@file_option("proof", "proof_path", "Write the proof to a file: that no plan is cheaper, or that no plan exists.")
@decimal_option
@click.option("--feasible", is_flag=True, help="Accept the best plan found when the time is over.")
@planning_options
def plan(
    file: Source,
    workbook: Path | None,
    proof_path: Path | None,
    decimal: str | None,
    options: Options,
    form: str | None = None,
) -> None:
    """Print the cheapest plan for the payload in FILE.

    By default it is a table, the cheapest plant first, with costs and totals.

    \b
    Examples:
      powerplant plan payload.json
      curl -s https://desk.example.com/hour.json | powerplant plan -
      powerplant plan payload.json --no-co2 --json > plan.json
      powerplant plan payload.json --csv > plan.csv
      powerplant plan payload.json --proof proof.json
    """  # noqa: D301 - click wants the character itself
    if decimal and form != "csv":
        raise click.UsageError("--decimal is for --csv.")
    if workbook:
        check_openpyxl(workbook)
    keep_apart([file.argument], [STDIO, *filter(None, (proof_path, workbook))])
    co2, workers = options.co2, Workers(1)
    request, ignored = file.payload(co2=co2), ignored_in(file.body)
    print_ignored(file.name, ignored)
    try:
        with named(file.name):
            solved = solve_request(request, options, workers)
    except InfeasibleLoad as error:
        claim = Claim(None, error.proof, options.grid) if isinstance(error.proof, Proof) else None
        is_low = error.reason == "below_must_run"
        what = "is below what plants must produce" if is_low else f"is not a multiple of {options.grid.step} MW"
        _write_proof(proof_path, claim, f"a load that {what} needs no proof")
        fail(f"{file.name}: {error}", NO_PLAN)
    solution = solved.solution
    claim = None if solution.proof is UNPROVEN else Claim(solution.cost, solution.proof, solved.instance.grid)
    _write_proof(proof_path, claim, "the plan is not proven to be the cheapest")
    if workbook:
        _write_workbook(workbook, plan_as_csv(figures_of(request, solved, co2=co2)))
    if form == "json":
        say_json(plan_as_json(present(solved)))
        return
    if form in (None, "csv"):  # they do not use the alternatives
        report = figures_of(request, solved, co2=co2)
    else:
        report = explain(request, solved, appraise_plan(solved, options, workers), co2=co2, ignored=ignored)
    if form == "report":
        say_json(report_as_json(report))
    elif form == "csv":
        say_csv(plan_as_csv(report, Layout(";", ",") if decimal == "comma" else Layout()))
    else:
        width = terminal_width(sys.stdout)
        say(plan_as_table(report, width) if form is None else report_as_text(report, width))


def _write_workbook(path: Path, rows: bytes) -> None:
    book = Workbook("plan")
    book.write(rows)
    write_file(path, book.save())


def _write_proof(path: Path | None, claim: Claim | None, otherwise: str) -> None:
    """Write a proof, if a file is named; ``otherwise`` says why there is none."""
    if path is None:
        return
    if claim is None:
        complain(f"{path} is not written: {otherwise}.")
        return
    write_file(path, proof_as_json(claim))
    if not claim.proof.certified:
        complain(f"{path}: this proof cannot be checked, only computed again ({claim.proof.method}).")
