"""``python -m connector.config > docs/configuration.md``"""

import sys

from connector.config.reference import reference_markdown

sys.stdout.write(reference_markdown())
