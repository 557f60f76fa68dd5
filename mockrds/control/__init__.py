"""The control API, ``/__mockrds/``: for tests and people, never subject to faults, never in the journal.

``routes.py`` has one row for each resource and method; ``bodies.py`` and ``records.py`` are what is sent and answered.
"""
