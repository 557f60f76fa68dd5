"""schemathesis makes requests, and sequences of them, from the OpenAPI documents, and finds every answer described.

``MOCKRDS_FUZZ=20000 pytest tests/test_schemathesis.py`` tries about so many sequences, not a few.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from mockrds.api.families import SERVED
from mockrds.domain.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import BaseSchema, Case, Response
    from support.api import Connect

    from mockrds.domain.models import Instance
    from mockrds.project import Project
    from mockrds.server import MockRDS

SEQUENCES = int(os.environ.get("MOCKRDS_FUZZ", "60"))
pytestmark = pytest.mark.timeout(120 + SEQUENCES)
FEW = settings(
    max_examples=SEQUENCES,
    stateful_step_count=12,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
UNLIKE_THE_CLOUD = {
    "positive_data_acceptance": {"enabled": False},  # a schema can't say what is there, or free, or busy: 400
    "unsupported_method": {"enabled": False},  # the gateway answers 404, not 405
}


class Asked:
    """A project that is asked, the document, and what came of it."""

    def __init__(self, project: Project, family: str, session: requests.Session) -> None:
        import schemathesis  # takes a second, which tests that do without it need not wait

        config = schemathesis.Config.from_dict(
            {
                "checks": UNLIKE_THE_CLOUD,
                "generation": {"mode": "positive", "with-security-parameters": False},
                "analysis": {"constants": {"enabled": False}},
            }
        )
        url = f"{project.url}/__mockrds/openapi/{family}.json"
        self.family = family
        self.project = project
        instances = tuple(project.instances)  # of a world that a reset brings back
        self.schema: BaseSchema = schemathesis.openapi.from_url(url, config=config)

        @self.schema.hook("flatmap_path_parameters")
        @self.schema.hook("flatmap_query")
        @self.schema.hook("flatmap_body")
        def put_in_what_is_there(_: object, made: Any) -> Any:  # made up, nearly all is unknown
            return st.sampled_from(instances).map(partial(self._known, made))

        self.answers: Counter[tuple[str, int]] = Counter()
        self.how: dict[str, Any] = {"headers": {"X-Auth-Token": project.token}, "session": session}

    def _known(self, made: Any, instance: Instance) -> Any:
        if not isinstance(made, dict):
            return made
        if len(together := made.keys() & {"begin_time", "end_time"}) == 1:  # which no schema of parameters can say
            made = {key: inner for key, inner in made.items() if key not in together}
        known = {
            "project_id": self.project.id,
            "region": "eu-de",
            "instance": instance.node_id,
            "instance_id": instance.id,
            "instanceId": instance.node_id,
            "nodeId": instance.node_id,
            "datastore": {"type": "MySQL", "version": "8.0"},
        }
        return {
            key: known[key] if key in known and type(inner) is type(known[key]) else self._known(inner, instance)
            for key, inner in made.items()
        }

    def good(self) -> set[str]:
        return {operation for operation, status in self.answers if status < 400}

    def note(self, case: Case[Any], response: Response) -> None:
        self.answers[case.operation.definition.raw["operationId"], response.status_code] += 1
        self.project.clock.advance("4s")  # enough for a backup to be complete


@pytest.fixture(params=["v1", "v3"])
def asked(request: pytest.FixtureRequest, connect: Connect, strict: MockRDS) -> Iterator[Asked]:
    project = connect(to=strict).project
    with requests.Session() as session:
        yield Asked(project, request.param, session)
    assert project.errors == []


def test_life_cycles_are_answered_as_described(asked: Asked) -> None:
    links = {operation: served.leads_to for operation, served in SERVED.items() if served.leads_to}
    ids = {*links, *(target for targets in links.values() for target in targets)}
    linked = {(OPERATIONS[each].method, OPERATIONS[each].path) for each in ids}
    schema = asked.schema.include(lambda of: (of.operation.method.upper(), of.operation.path) in linked)
    schema.config.checks.ignored_auth.enabled = False  # it asks each twice more, and the next test does so with each
    machine: Any = schema.as_state_machine()

    class Sequence(machine):  # type: ignore[misc]
        def setup(self) -> None:
            asked.project.reset()

        def get_call_kwargs(self, _: Case[Any]) -> dict[str, Any]:
            return asked.how

        def after_call(self, response: Response, case: Case[Any]) -> None:
            asked.note(case, response)

    Sequence.run(settings=FEW)

    named = ("list_instances", "create_manual_backup", "delete_manual_backup", "delete_instance")
    assert asked.good() >= {f"{asked.family}.{each}" for each in named}, asked.answers


def test_each_operation_is_answered_as_described(asked: Asked) -> None:
    for found in asked.schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # a document that is wrong fails here
        asked.project.reset()

        @settings(FEW, max_examples=5)
        @given(case=operation.as_strategy())
        def ask(case: Case[Any]) -> None:
            asked.note(case, case.call_and_validate(**asked.how))

        ask()

    tried = {operation for operation, _ in asked.answers}
    assert len(tried) == len(list(asked.schema.get_all_operations()))
    assert len(asked.good()) > len(tried) / 3  # most of them must be told more than a document can say
