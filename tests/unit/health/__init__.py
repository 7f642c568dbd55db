"""Mirrors edgeplane/health."""
