"""What a database can have, in words for an operator."""

LOCKED = "is locked by another program"
# By SQLite's result code and PostgreSQL's SQLSTATE: what an operator can do something about.
_REASONS = {
    "SQLITE_BUSY": LOCKED,
    "SQLITE_LOCKED": LOCKED,
    "SQLITE_FULL": "has no space left",
    "SQLITE_READONLY": "is read-only",
    "SQLITE_CANTOPEN": "can not be opened",
    "SQLITE_NOTADB": "is damaged: its file is no SQLite database",
    "SQLITE_CORRUPT": "is damaged",
    "SQLITE_IOERR": "can not be read or written",
    "25006": "is read-only",
    "28": "refuses the user or the password",
    "3D000": "does not exist on its server",
    "42501": "does not allow this user so much",
    "53100": "has no space left",
    "53300": "has no connection left",
    "55P03": LOCKED,
}


def reason_of(error: BaseException) -> str:
    """Say what is wrong without the text of the error, which may quote what was written."""
    for each in _causes(error):
        # The extended codes of SQLite begin with the plain ones, SQLSTATE with its class.
        code = str(getattr(each, "sqlite_errorname", None) or getattr(each, "sqlstate", None) or "")
        for known, reason in _REASONS.items():
            if code.startswith(known):
                return reason
    if isinstance(error, OSError) and error.strerror:
        return f"can not be reached: {error.strerror}"
    return f"does not answer ({type(_causes(error)[-1]).__name__})"


def _causes(error: BaseException) -> list[BaseException]:
    found = [error]
    while (
        # SQLAlchemy's errors have the driver's as `orig`.
        nearer := getattr(found[-1], "orig", None) or found[-1].__cause__
    ) and nearer not in found:
        found.append(nearer)
    return found
