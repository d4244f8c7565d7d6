"""What the merged document says of itself."""

from collections.abc import Iterable
from typing import Any

from sidecar.openapi.models import DocumentReport, State

_TEXT = """\
Everything registered behind this gateway, on one page. Open an operation, fill it in and press
**Execute**: the request takes the way through the edge that any caller's takes.

Operations with a padlock need a key; **Authorize** takes it, and forgets it with the page.
`./just gatehouse key create NAME --scope edge:call` makes one for services. The gateway's own
operations, at the end, take the admin key: `./just token`."""
_SENTENCES: dict[State, str] = {
    "pending": "Still waiting for the description of",
    "failed": "No description could be read of",
}
_MOST_NAMED = 20


def introduction(reports: Iterable[DocumentReport], version: str) -> dict[str, Any]:
    """Answer the `info` object: how to use the page, and which services it does not show.

    Reasons are left out, since anybody reads this and they name addresses inside.
    """
    states = list(reports)
    paragraphs = [_TEXT]
    for state, sentence in _SENTENCES.items():
        names = [report.service for report in states if report.state == state]
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
            paragraphs.append(f"{sentence} {shown}{more}.")
    return {"title": "Gatehouse", "version": version, "description": "\n\n".join(paragraphs)}
