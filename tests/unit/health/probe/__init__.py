"""Mirrors edgeplane/health/probe."""
