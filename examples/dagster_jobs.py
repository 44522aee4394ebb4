"""Dagster: the same night and month as assets. Start it with: dagster dev -f dagster_jobs.py"""

from __future__ import annotations

import json
import os
import subprocess

import dagster

PROJECT = os.environ.get("CHURNPREDICT_PROJECT", "/srv/churn")  # the folder with churn.toml


def churnpredict(*arguments: str) -> dict[str, object]:
    """Run a command, and give back what it says; an exit code other than 0 fails the asset with the command's own words."""
    done = subprocess.run(["churnpredict", *arguments, "--format", "json"], cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise dagster.Failure(done.stderr.strip(), metadata={"exit_code": done.returncode})
    return json.loads(done.stdout)


@dagster.asset
def drift() -> dagster.MaterializeResult:
    """Whether the tables arrive and the customers look as they did in training."""
    found = churnpredict("drift", "--strict")
    return dagster.MaterializeResult(metadata={"checks": found["checks"]})


@dagster.asset(deps=[drift])
def scores() -> dagster.MaterializeResult:
    """Everybody at risk, with reasons."""
    found = churnpredict("score", "--output", "scores")
    return dagster.MaterializeResult(metadata={"customers": found["customers"]})


@dagster.asset
def model() -> dagster.MaterializeResult:
    """The champion, challenged."""
    found = churnpredict("retrain")
    return dagster.MaterializeResult(metadata={"promoted": found["promoted"], "words": found["words"]})


night = dagster.define_asset_job("night", selection=[drift, scores])
month = dagster.define_asset_job("month", selection=[model])

definitions = dagster.Definitions(
    assets=[drift, scores, model],
    jobs=[night, month],
    schedules=[
        dagster.ScheduleDefinition(job=night, cron_schedule="0 4 * * *"),
        dagster.ScheduleDefinition(job=month, cron_schedule="0 6 1 * *"),
    ],
)
