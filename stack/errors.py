"""What the stack tells the person at the keyboard instead of a traceback."""


class StackError(Exception):
    """Something the user can put right; the message says how."""


class UnhealthyError(StackError):
    """A process runs, or should, and does not do its work."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} did not become healthy: {problem}")
