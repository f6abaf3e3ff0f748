"""The ``twitter-stream`` commands, one file each; a command's file is read when it is called."""

from __future__ import annotations

from importlib import import_module

import click

# Command -> its line in ``--help``, so that listing the commands imports none of them.
COMMANDS = {
    "check-target": "Prove whether a target's STATE can be relied on.",
    "compact": "Make few large Parquet files of many small ones, beside readers.",
    "redrive": "Send dead letters through the pipeline again, as Singer messages.",
    "simulate": "Serve made-up posts on loopback the way X's streaming API does.",
    "state": "Print the STATE from which to go on behind a folder of Parquet files.",
}


class LazyGroup(click.Group):
    """Finds a command ``a-b`` as the function ``a_b`` in the module ``cli.a_b``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, without importing a command."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None for a name that is not in the table."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f".{name}", __name__), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of ``--help`` from the table."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tap-twitter-stream", prog_name="twitter-stream")
def main() -> None:
    """Work with X/Twitter's streaming endpoints beside the tap."""
