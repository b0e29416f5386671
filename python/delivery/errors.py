"""Errors whose text is for the developer who pushed: in the terminal, and on the page."""


class DeliveryError(Exception):
    """Why a stage failed, in a sentence; more lines may follow it."""


class Cancelled(Exception):
    """Somebody asked for it, or a newer push of the branch has taken its place."""
