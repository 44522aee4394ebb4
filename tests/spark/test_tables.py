"""Tables in Spark: what is wrong with the data is told by the driver, before anything is built."""

import warnings
from dataclasses import replace

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import spark
from churnpredict.errors import IdentityError, SchemaError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning")


def in_spark(session, declarations):
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return {name: replace(d, source=session.createDataFrame(d.source)) for name, d in declarations.items()}


def test_what_is_wrong_with_the_data_is_said_here(session):
    log = pd.DataFrame({"who": ["a", "b", None, "c"], "day": pd.to_datetime(["2024-01-01"] * 4)})
    with pytest.raises(IdentityError, match="null-id"):
        spark.SparkTables(partitions=2, **in_spark(session, {"visits": cp.Events(log, customer="who", time="day")}))
    with pytest.raises(SchemaError, match="Did you mean"):
        spark.SparkTables(partitions=2, **in_spark(session, {"visits": cp.Events(log, customer="hwo", time="day")}))
    with pytest.raises(UsageError, match="not-spark"):
        spark.SparkTables(visits=cp.Events(log, customer="who", time="day"))
