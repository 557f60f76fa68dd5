"""All that the ``openstack`` command looks for and imports before it calls anything: what a ``ForkServer`` needs."""

import io
import logging
from contextlib import redirect_stdout, suppress
from importlib import import_module

from openstackclient import shell
from otcextensions import sdk

with redirect_stdout(io.StringIO()), suppress(SystemExit):
    shell.main(["rds", "backup", "list", "--help"])  # looks for plugins and imports their commands
logging.getLogger().handlers.clear()  # or each message would be printed twice
for name in sdk.OTC_SERVICES:
    with suppress(ImportError):
        import_module(f"otcextensions.sdk.{name}.{name}_service")
