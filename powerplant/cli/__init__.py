"""The command line. Results go to stdout, messages to stderr.

Each command is a module that is imported when the command is called, so that the help appears at once.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from powerplant import __version__
from powerplant.cli.words import BAD_INPUT, fail, open_closed_streams, printable, say, stop_stdout
from powerplant.errors import TooBusy

COMMANDS = {
    "plan": "Print the cheapest plan for a payload.",
    "horizon": "Print the best plan for periods that depend on each other.",
    "batch": "Plan a file of payloads, or a table of hours.",
    "check": "Check a plan that someone else made.",
    "serve": "Start the service.",
}
"""Each command, with its line in ``powerplant --help``. Its function and its module have its name."""

FILES = re.compile(r"\.(json|jsonl|ndjson|csv|tsv|xlsx)(\.gz)?$", re.IGNORECASE)

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


FULL_OR_CLOSED = (errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC)
"""Errors of stdout."""


@contextmanager
def _printable_errors() -> Iterator[None]:
    """Make the messages of wrong command lines printable; click prints them, and they quote the command line."""
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(printable(error.format_message()), error.ctx) from None


class _Commands(click.Group):
    """Imports a command when it is called, and prints its errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            meant = next(iter(get_close_matches(name.casefold(), COMMANDS, 1)), None)
            hint = f"Did you mean {meant}?" if meant else f"The commands are {', '.join(COMMANDS)}."
            if not meant and FILES.search(name):
                hint = f"Did you mean powerplant {'plan' if name.casefold().endswith('.json') else 'batch'} {name}?"
            raise click.UsageError(f"There is no command {name}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *arguments: Any, **options: Any) -> Any:
        open_closed_streams()
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            if error.errno not in FULL_OR_CLOSED or error.filename:
                raise
            stop_stdout(error)  # click wrote the help or the version

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _printable_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _printable_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except TooBusy as error:  # the system has no room for another process
            fail(f"{error}", BAD_INPUT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """The cheapest production plan that meets the load: of one hour, exactly and proven, or of many periods.

    \b
    Examples:
      powerplant plan payload.json
      powerplant plan payload.json --json > plan.json
      powerplant horizon day.json
      powerplant batch payloads.jsonl plans.jsonl
      powerplant check payload.json plan.json

    See powerplant COMMAND --help. A file named - is stdin.

    \b
    Exit codes:
      0  success
      1  no plan meets the load (in a batch: of some line), or the checked plan
         or proof is wrong
      2  a file cannot be read or is not valid, or the command line is wrong
    """  # noqa: D301 - click wants the character itself
    if context.invoked_subcommand is None:
        say(context.get_help())
