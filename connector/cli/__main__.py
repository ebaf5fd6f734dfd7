"""``python -m connector.cli > docs/options.md``"""

import sys

from connector.cli.reference import page

sys.stdout.write(page())
