"""``--mockrds-chaos``: each test once as it is, and once under every fault of a pack."""
