"""Why a command could not do its work, in a sentence for who typed it."""


class CommandError(Exception):
    pass
