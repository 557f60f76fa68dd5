"""The HTTP side: the only package, with ``mockrds.server``, that knows aiohttp."""
