"""edgeplane: edge services of a cloud on your own Linux hosts.

`edgeplane.core` is the embedding API; the rest serves the command line and the node.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("edgeplane")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+checkout"
