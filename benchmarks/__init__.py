"""How fast mockrds is, beside aiohttp with nothing on top: ``python -m benchmarks``."""
