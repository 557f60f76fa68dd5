"""Faults: what to do to which calls. Knows nothing of databases, HTTP libraries or sockets."""
