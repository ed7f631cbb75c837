"""Entry point of the console script and of `python -m mixcli`."""

from __future__ import annotations


def main() -> None:
    """Run the app."""
    from mixcli.cli.app import app

    app()


if __name__ == "__main__":
    main()
