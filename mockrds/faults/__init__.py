"""Faults: what to do to which calls. Stands above the domain; knows no HTTP library and no socket."""
