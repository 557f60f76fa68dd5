"""A suite of tests, as the users of the plugin write them, with one good client and the usual bad ones."""

SUITE = '''
import http.client
import json
import time

import pytest

WRONG = (OSError, ValueError, http.client.HTTPException)
"""What a call raises that went wrong."""


def call(project, method, path, body=None, timeout=0.5):
    connection = http.client.HTTPConnection(project.url.removeprefix("http://"), timeout=timeout)
    try:
        headers = {"X-Auth-Token": project.token}
        connection.request(method, f"/rds/v1/{project.id}{path}", body and json.dumps(body), headers)
        response = connection.getresponse()
        content = json.loads(response.read())
        if response.status >= 400:
            raise ValueError(content)
        return content
    finally:
        connection.close()


def create(project, name="nightly", **how):
    wanted = {"name": name, "instance": project.instances[0].node_id}
    return call(project, "POST", "/backups", {"backup": wanted}, **how)


def found(project, name):
    return [backup for backup in call(project, "GET", "/backups")["backups"] if backup["name"] == name]


def test_looks_before_it_tries_again(mockrds):
    for _ in range(10):
        try:
            if any(backup["status"] == "COMPLETED" for backup in found(mockrds, "nightly")):
                return
            if not found(mockrds, "nightly"):
                create(mockrds)
        except WRONG:
            pass
        mockrds.clock.advance(3)
    raise TimeoutError


@pytest.mark.parametrize("tries", [3])
def test_takes_another_name(mockrds, tries):
    for attempt in range(tries):
        try:
            create(mockrds, f"nightly-{attempt}")
            break
        except WRONG:
            mockrds.clock.advance(3)


class TestOfAClient:
    @pytest.fixture
    def backup(self, mockrds):
        return create(mockrds)["backup"]

    def test_gives_up_at_once(self, backup):
        assert backup["status"] == "BUILDING"


def test_waits_for_ever(mockrds):
    create(mockrds, timeout=None)


def test_cleans_up_on_a_good_day(mockrds):
    made = create(mockrds)["backup"]["id"]
    mockrds.clock.advance(3)
    assert found(mockrds, "nightly")
    call(mockrds, "DELETE", f"/backups/{made}")


def test_never_ends(mockrds):
    while True:
        try:
            create(mockrds)
            break
        except WRONG:
            time.sleep(0.01)
            if mockrds.journal.entries()[0].fault != "reset":
                raise
            while True:
                time.sleep(0.01)


def test_without_a_cloud():
    pass
'''
CELLS = {
    "test_looks_before_it_tries_again": {
        "answer-lost": "survived", "answer-hangs": "survived", "reset": "survived", "list-fails": "survived",
    },
    "test_takes_another_name[3]": {
        "answer-lost": "duplicated", "answer-hangs": "duplicated", "reset": "survived", "list-fails": "not reached",
    },
    "TestOfAClient::test_gives_up_at_once": {
        "answer-lost": "leaked", "answer-hangs": "leaked", "reset": "failed cleanly", "list-fails": "not reached",
    },
    "test_waits_for_ever": {
        "answer-lost": "leaked", "answer-hangs": "hung", "reset": "failed cleanly", "list-fails": "not reached",
    },
    "test_cleans_up_on_a_good_day": {
        "answer-lost": "leaked", "answer-hangs": "leaked", "reset": "failed cleanly", "list-fails": "leaked",
    },
    "test_never_ends": {
        "answer-lost": "leaked", "answer-hangs": "leaked", "reset": "hung", "list-fails": "not reached",
    },
}  # fmt: skip
"""What becomes of each of its tests under some faults of the default pack."""
FAULTS = ("answer-lost", "answer-hangs", "reset", "list-fails")
