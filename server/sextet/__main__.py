"""`python -m sextet` and the `sextet` command."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the current folder first: modules in it are those of a repository, not ours.
    del sys.path[0]

from sextet.cli.app import main

if __name__ == "__main__":
    main()
