"""Airflow: score every night, look for drift, retrain on the first of the month. Put this file into the folder of DAGs.

Every step is the command line, so that it can be run by hand as it is run here. Exit codes: 0 all went well, 2 usage, 3 the data are
refused, 4 the model is refused, 5 a result could not be written; all but 0 fail the task, and a later step does not run on what an earlier
one refused.
"""

from __future__ import annotations

import datetime
import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROJECT = os.environ.get("CHURNPREDICT_PROJECT", "/srv/churn")  # the folder with churn.toml

with DAG(
    dag_id="churn_nightly",
    schedule="0 4 * * *",
    start_date=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": datetime.timedelta(minutes=10), "cwd": PROJECT},
) as nightly:
    check = BashOperator(task_id="drift", bash_command="churnpredict drift --at {{ ds }} --strict --format json")
    score = BashOperator(
        task_id="score", bash_command="churnpredict score --at {{ ds }} --output scores --keep-history history --format json"
    )
    check >> score

with DAG(
    dag_id="churn_monthly",
    schedule="0 6 1 * *",
    start_date=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"cwd": PROJECT},
) as monthly:
    BashOperator(task_id="retrain", bash_command="churnpredict retrain --until {{ ds }} --format json")
