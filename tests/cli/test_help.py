"""``--help`` says what each option is without it."""

import argparse
import re
from importlib import import_module

import pytest

from pennylane_qstore.cli.commands import _COMMANDS


def options(parser):
    """Each option of a parser and of its subcommands, without --help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options(command)
        elif action.option_strings and not isinstance(action, argparse._HelpAction):
            yield parser, action


@pytest.mark.parametrize("command", _COMMANDS)
def test_each_option_states_its_default(command):
    """In parentheses at the end of its text; the value, where argparse has one."""
    parser = argparse.ArgumentParser()
    import_module(_COMMANDS[command][0]).add_arguments(parser)
    pairs = list(options(parser))
    assert pairs
    for owner, action in pairs:
        text = owner._get_formatter()._expand_help(action)
        default = re.search(r"\(([^()]+)\)$", text)
        assert default, f"{command} {action.option_strings}: {text}"
        if action.default not in (None, argparse.SUPPRESS, False) and action.default != []:
            assert default[1] in (f"{action.default}", f"{action.default:g}" if isinstance(
                action.default, float) else ""), text  # fmt: skip
