"""What an operator sees of a running node: logs, metrics, and whether it is ready."""
