"""The command line. Results go to stdout, messages to stderr.

Each command is a module that is imported when the command is called, so that the help appears at once.
"""

from __future__ import annotations

from importlib import import_module

import click

from powerplant import __version__

COMMANDS = {
    "plan": "Print the cheapest plan for a payload.",
    "batch": "Plan a file of payloads, or a table of hours.",
    "check": "Check a plan that someone else made.",
    "serve": "Start the service.",
}
"""Each command, with its line in ``powerplant --help``. Its function and its module have its name."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class _Commands(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """The cheapest production plan that meets the load of one hour, exactly and proven.

    \b
    Examples:
      powerplant plan payload.json
      powerplant plan payload.json --json > plan.json
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
        click.echo(context.get_help())
