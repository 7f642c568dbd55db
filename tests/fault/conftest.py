"""Whole nodes under load: `with Load(node, [("www.example.org", "A")]) as load: …; assert load.lost == 0`."""

from ..scenario.conftest import kind_of_node

__all__ = ["kind_of_node"]
