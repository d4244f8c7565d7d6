"""`python -m gatehouse`, for where scripts are not on the path."""

import sys

from gatehouse.cli import main

sys.exit(main())
