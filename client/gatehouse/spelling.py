"""What somebody meant by a name that is not known."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that this may have been: letter case, `_` and `-` do not count."""
    plain = {_plain(each): each for each in known}
    near = difflib.get_close_matches(_plain(name), plain, n=1)
    return plain[near[0]] if near else None


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, and which are."""
    names = tuple(known)
    near = nearest(name, names)
    if near:
        return f"is not known here; did you mean {near}?"
    return f"is not known here; there are {', '.join(names)}"


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
