"""The node: one supervisor, and the processes that it starts, feeds and keeps alive."""
