"""Scenario files: finding them, reading them with every mistake reported, and writing them."""
