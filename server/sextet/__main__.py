"""`python -m sextet` and the `sextet` command."""

from __future__ import annotations

from sextet.cli.app import main

if __name__ == "__main__":
    main()
