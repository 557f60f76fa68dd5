"""The command line: ``python -m backup_service --auth-url URL --project NAME --keep 7 NODE_ID ...``.

User and password are those of ``OS_USERNAME``, ``OS_PASSWORD`` and ``OS_USER_DOMAIN_NAME``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from backup_service.cloud import Account, Cloud
from backup_service.retry import Retry
from backup_service.service import BackupService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup_service.service import Night


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the work of a night and print what was done; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="backup_service", description="Back up databases, and keep the last few.")
    parser.add_argument("nodes", nargs="+", metavar="NODE_ID", help="primary node of an instance")
    parser.add_argument("--auth-url", required=True, metavar="URL", help="where to sign in")
    parser.add_argument("--project", required=True, metavar="NAME", help="the project of the instances")
    parser.add_argument(
        "--keep", type=int, default=7, metavar="N", help="backups to keep of each (default %(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=30, metavar="SECONDS", help="how long an answer may take (default %(default)s)"
    )
    options = parser.parse_args(arguments)
    if options.keep < 1:
        parser.error("argument --keep: keep one at least")
    try:
        user, password, domain = (os.environ[f"OS_{name}"] for name in ("USERNAME", "PASSWORD", "USER_DOMAIN_NAME"))
    except KeyError as missing:
        parser.error(f"set {missing.args[0]} in the environment")
    account = Account(options.auth_url, options.project, user, password, domain)
    nights = asyncio.run(_run(account, options))
    for night in nights:
        print(night)
    return 1 if any(night.problem for night in nights) else 0


async def _run(account: Account, options: argparse.Namespace) -> list[Night]:
    async with Cloud(account, timeout=options.timeout) as cloud:
        return await BackupService(cloud, Retry(), keep=options.keep).run(options.nodes)


if __name__ == "__main__":
    sys.exit(main())
