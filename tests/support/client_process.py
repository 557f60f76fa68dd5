"""Real clients in processes of their own: copies of a process that has imported them (see ``fork_server``)."""

from __future__ import annotations

import atexit
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OPENSTACK = ForkServer("support.openstack_imports", "support.otcextensions_process")
"""The ``openstack`` command, and the SDK that it is made with."""
HUAWEICLOUD = ForkServer("support.huaweicloud_process", "support.signer_process")
atexit.register(OPENSTACK.close)
atexit.register(HUAWEICLOUD.close)


@contextmanager
def process(
    server: ForkServer, module: str, folder: Path, *arguments: str, **variables: str
) -> Iterator[Callable[..., Any]]:
    """Run a module of this folder: yield a function that sends it a call as a line of JSON and returns its answer."""
    environment = {"HOME": str(folder)} | variables
    with server.converse(f"support.{module}:main", *arguments, folder=folder, variables=environment) as ask:

        def call(method: str, *given: object, **keywords: object) -> Any:
            return json.loads(ask(json.dumps([method, given, keywords])))

        yield call
