"""edgeplane: edge services of a cloud on your own Linux hosts.

`edgeplane.core` is the embedding API; the rest serves the command line and the node.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name):
        """`__version__`, looked for when it is first asked for: that costs as much as a whole `edgeplane --help`."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("edgeplane")
        except PackageNotFoundError:  # run from a checkout that was never installed
            return "0+checkout"
