"""Whole nodes under load: `with Load(node, [("www.example.org", "A")]) as load: …; assert load.lost == 0`."""

from ..scenario.conftest import make_node, node

__all__ = ["make_node", "node"]
