"""A script, which ends when it is imported."""

import sys

sys.exit(7)
