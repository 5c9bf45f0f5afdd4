"""The queue, the targets and the syncs in the released packages of Label Studio; Redis is away, a bucket in memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.label_studio import VERSIONS, probe

NOBODY = "redis://127.0.0.1:1/0"
# Since 1.21 only.
NEWER = {"users.functions.last_activity.sync_user_activities_to_db"}


@pytest.fixture(scope="module", params=VERSIONS)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = probe(request.param, "job_queue", tmp_path_factory.mktemp("queue"), None, REDIS_LOCATION=NOBODY)
    return {"version": request.param, **found}


def test_the_lists_name_jobs_of_the_release(answers: Any) -> None:
    assert set(answers["unknown"]) <= (NEWER if answers["version"] == "1.20.0" else set())


def test_what_may_be_repeated_is_and_what_fails_is_kept(answers: Any) -> None:
    assert answers["export job"] == {"retries": 4, "intervals": [10, 60, 300, 900], "kept": -1}
    assert answers["webhook job"] == {"retries": None, "intervals": None, "kept": -1}


def test_long_jobs_are_refused_while_redis_is_away(answers: Any) -> None:
    assert answers["connected"] is False
    for name, (status, reason) in answers["posts"].items():
        assert status == 503, name
        assert "Redis" in reason


def test_redis_may_leave_between_the_question_and_the_job(answers: Any) -> None:
    assert answers["race"] == {"short": "None", "other": "QueueAwayError"}


def test_an_annotation_is_saved_while_redis_and_store_are_away_and_written_later(answers: Any) -> None:
    assert answers["targets"]["while the store is away"] == {}
    assert answers["targets"]["reconciled"] == [{"s3exportstorage 1": 1}, {"out/1": "lost"}]


def test_reconciling_writes_what_is_missing_or_edited_and_nothing_else(answers: Any) -> None:
    assert answers["targets"]["nothing to do"] == {"s3exportstorage 1": 0}
    assert answers["targets"]["edited"] == [{"s3exportstorage 1": 1}, {"out/1": "edited", "out/2": "second"}]


def test_a_write_reads_no_row_twice_for_feature_flags(answers: Any) -> None:
    assert not answers["targets"]["read twice"]


def test_a_deleted_annotation_leaves_the_target(answers: Any) -> None:
    assert answers["targets"]["deleted"] == {"out/1": "edited"}


def test_a_sync_writes_what_somebody_took_out_of_the_bucket_and_nothing_else(answers: Any) -> None:
    assert answers["targets"]["sync writes what was taken out"] == [1, "completed"]
    assert answers["targets"]["sync writes nothing again"] == [0, "completed", 1]


def test_a_failed_write_is_a_failed_write(answers: Any) -> None:
    assert answers["targets"]["a failed write"] == "ExportError"
    assert answers["targets"]["reconciling into nowhere"] == "ExportError"


def test_a_sync_begins_whatever_the_status(answers: Any) -> None:
    assert set(answers["any status"]) == {"in_progress"}


def test_two_syncs_at_once_follow_each_other(answers: Any) -> None:
    # By status: how many jobs a request queues, and whether the sync that runs is asked to look again.
    assert answers["asked twice"] == [["in_progress", 0, 1], ["queued", 0, 0], ["completed", 1, 0]]
    assert answers["again"] == [["in_progress", "in_progress"], "completed"]


def test_the_links_have_an_index_for_keys(answers: Any) -> None:
    assert answers["index"] == ["stack_s3_link_of_key"]


def test_short_jobs_run_in_the_worker_and_long_ones_are_forked(answers: Any) -> None:
    assert answers["worker"]["ran"] == ["here", "forked"]
    assert answers["worker"]["ttl"] == {"short": 120, "long": 90}


def test_a_worker_gives_back_what_its_predecessor_in_the_pod_was_at(answers: Any) -> None:
    assert answers["worker"]["given back"] == [["job:execution"]]
    assert answers["worker"]["cleaned"] == 1
    assert answers["worker"]["dead"] == [1, 0]


def test_predictions_that_did_not_come_are_not_claimed(answers: Any) -> None:
    status, reason = answers["predictions"]["silent"]
    assert status == 503
    assert "model server Detector does not answer" in reason
    assert answers["predictions"]["first"][0] == "Retrieved 1 predictions"


def test_a_model_server_that_was_connected_a_moment_ago_is_asked_for_predictions_alone(answers: Any) -> None:
    assert answers["predictions"]["first"][1] == ["health", "setup", "predict"]
    assert answers["predictions"]["soon after"] == ["predict"]


def test_a_session_without_limits_does_not_stay_from_the_loading(answers: Any) -> None:
    assert not answers["kept from loading"]
