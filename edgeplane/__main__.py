"""`python -m edgeplane` and the `edgeplane` command."""

from edgeplane.cli import root


def main() -> None:
    """Runs the command line and exits with its code."""
    root(prog_name="edgeplane")


if __name__ == "__main__":
    main()
