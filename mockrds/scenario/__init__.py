"""Scenario files: what may stand in them, and reading them with every mistake reported."""
