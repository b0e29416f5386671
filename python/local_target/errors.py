"""Errors whose text is a sentence for the person who started the run."""


class UsageError(Exception):
    """What was asked for can't be started: the command ends with status 2."""
