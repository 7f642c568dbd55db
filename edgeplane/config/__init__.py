"""Settings of a host: TOML → frozen models with absolute paths.

edgeplane.toml ─ tomllib ─┐
EDGEPLANE__… ─────────────┴─► as written (dict) ─ model.py ─► as meant (Settings) ─ content.py ─► files that are there
"""

from edgeplane.config.content import Content, find_content, has_content, readable_content
from edgeplane.config.load import VARIABLE, default_path, load, state_directory
from edgeplane.config.model import Settings
from edgeplane.config.secret import read_cookie_secret

__all__ = [
    "VARIABLE",
    "Content",
    "Settings",
    "default_path",
    "find_content",
    "has_content",
    "load",
    "read_cookie_secret",
    "readable_content",
    "state_directory",
]
