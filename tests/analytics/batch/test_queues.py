"""What keeps tasks from being lost, done for ever, or kept back from an idle worker."""

from __future__ import annotations

import pytest
from celery import current_app
from django.conf import settings

import analytics.tasks  # noqa: F401 - registers the tasks
from sigmasight.broker import Transport

TASKS = ("nightly", "sweep", "market_data", "shard", "symbol_numbers")


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("analytics.tasks.shard", "batch"),
        ("marketdata.tasks.anything", "marketdata"),
        ("assistant.tasks.anything", "assistant"),
        ("portfolios.tasks.anything", "default"),
    ],
)
def test_each_kind_of_work_has_its_queue(task: str, queue: str) -> None:
    name = current_app.amqp.router.route({}, task)["queue"].name
    assert name.rpartition(".")[2] == queue
    assert name in settings.WORKER_QUEUES


def test_a_worker_that_is_told_no_queues_serves_all() -> None:
    # As a new process reads them: in this one other tests have sent to queues of their own.
    assert list(current_app.amqp.Queues(current_app.conf.task_queues).consume_from) == settings.WORKER_QUEUES


@pytest.mark.parametrize("name", TASKS)
def test_a_task_whose_worker_dies_is_handed_out_again(name: str) -> None:
    task = current_app.tasks[f"analytics.tasks.{name}"]
    assert task.acks_late
    assert task.reject_on_worker_lost


def test_no_task_runs_longer_than_the_broker_waits_for_it() -> None:
    conf = current_app.conf
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_a_worker_reserves_one_task_a_process() -> None:
    assert current_app.conf.worker_prefetch_multiplier == 1


def test_a_task_that_outlives_its_connection_to_the_broker_takes_the_worker_with_it_no_more() -> None:
    """What cannot be acknowledged is a lost connection, which workers know, and not an error that ends them."""
    connection = current_app.connection_for_write()
    channel = connection.default_channel
    assert isinstance(connection.transport, Transport)
    connection.close()
    with pytest.raises(connection.connection_errors, match="is gone"):
        channel.qos.ack("a-tag")


def test_a_dead_run_is_noticed_after_many_missed_beats() -> None:
    assert settings.BATCH_STALE_SECONDS >= 10 * settings.BATCH_HEARTBEAT_SECONDS
