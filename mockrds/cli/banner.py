"""The banner that the server prints when it starts."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from mockrds.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from mockrds.server import MockRDS


def banner(mock: MockRDS, trusted: str | Path | None) -> str:
    """Return the banner: where it serves what, and a command to paste.

    Args:
        mock: The server.
        trusted: The certificate that clients must trust; None without TLS.
    """
    project = mock.simulator.default
    rows = [
        f"  {instance.node_id}  {instance.id}  {instance.name}  ({instance.datastore.type} {instance.datastore.version}"
        f"{', primary/standby' if instance.standby else ', read replica' if instance.primary else ''})"
        for instance in project.world.instances
    ]
    listed = rows[:10]
    if len(rows) > len(listed):
        listed.append(f"  ... and {len(rows) - len(listed)} more: {mock.url}/__mockrds/projects/{project.id}/state")
    clock = project.clock.setting
    clock_mode = f"{clock.mode} by {clock.by:g}" if clock.mode == "scaled" else clock.mode
    return "\n".join([
        f"mockrds {__version__} at {mock.url}",
        "",
        f"project    {project.id}  (name {project.name})",
        f"scenario   {project.scenario.name}, seed {project.seed}, clock {clock_mode}",
        f"identity   {mock.url}/v3",
        f"control    {mock.url}/__mockrds/projects/{project.id}/state",
        *([f"trust      {trusted}"] if trusted else []),
        "node ids, which API v1 calls 'instance', and instance ids, which API v3 takes:",
        *listed,
        *_example(mock, trusted),
        "",
        "Start a server from the same state:",
        f"  MOCKRDS_REPLAY={project.replay} mockrds",
        "",
        "Stop with Ctrl-C.",
    ])  # fmt: skip


def _example(mock: MockRDS, trusted: str | Path | None) -> list[str]:
    project = mock.simulator.default
    primaries = [instance for instance in project.world.instances if instance.primary is None]
    if not primaries:
        return []
    token = mock.simulator.token(project) if project.auth == "strict" else "any"
    backup = {"name": "my-backup", "instance": primaries[0].node_id, "description": "My Backup"}
    options = f" --cacert {shlex.quote(str(trusted))}" if trusted else ""
    return [
        "",
        "Create a backup:",
        f"  curl -sS{options} {mock.url}/rds/v1/{project.id}/backups \\",
        f"    -H 'X-Auth-Token: {token}' -H 'Content-Type: application/json' \\",
        f"    -d '{json.dumps({'backup': backup})}'",
    ]
