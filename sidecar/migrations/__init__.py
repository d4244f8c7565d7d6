"""How the database came to be what it is, step by step; run by the sidecar at its start."""

from pathlib import Path

FOLDER = Path(__file__).parent
