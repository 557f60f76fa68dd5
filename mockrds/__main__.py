"""``python -m mockrds``."""

import sys

from mockrds.cli import main

if __name__ == "__main__":
    sys.exit(main())
