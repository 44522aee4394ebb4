#!/usr/bin/env bash
# A good guess:  Feast's point-in-time join gives what was known at the time of each entity. With created_timestamp_column it knows when each
#                row was written, so that a row written in May is not used for a customer seen in March.
# What happens:  only the time of the event is held against the entity's time. created_timestamp_column merely chooses among rows of the same
#                event time, and takes the one written last. A correction of 20 May replaces, for 10 March, the value that stood there in March;
#                a row first written in May is used in March, too. And an event at the very moment of the entity is included.
# Why it matters: corrections often come because a customer complained or left. Training on them is a leak that scoring never has.
#                churnpredict has known_at= for this: a row is used only if it happened and was known before the cutoff.
# Versions:      feast 0.67.0, pandas 2.3.3, pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet feast==0.67.0 pandas==2.3.3 pyarrow==26.0.1
FEAST_USAGE=False "$folder/venv/bin/python" -W ignore - "$folder" <<'PYTHON'
import datetime
import sys

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64

folder = sys.argv[1]


def day(text):
    return pd.Timestamp(text, tz="UTC")


rows = [
    ("corrected", "2024-03-01", "2024-03-01", 100.0),
    ("corrected", "2024-03-01", "2024-05-20", 999.0),
    ("late", "2024-03-01", "2024-05-20", 50.0),
    ("same moment", "2024-03-09", "2024-03-09", 5.0),
    ("same moment", "2024-03-10", "2024-03-10", 7.0),
]
columns = ["customer", "happened", "written", "spend"]
frame = pd.DataFrame([(who, day(at), day(written), spend) for who, at, written, spend in rows], columns=columns)
frame.to_parquet(f"{folder}/spend.parquet")
source = FileSource(path=f"{folder}/spend.parquet", timestamp_field="happened", created_timestamp_column="written")
customer = Entity(name="customer", join_keys=["customer"])
view = FeatureView(
    name="spending",
    entities=[customer],
    ttl=datetime.timedelta(days=365),
    schema=[Field(name="spend", dtype=Float64)],
    source=source,
    online=False,
)
store = FeatureStore(
    config=RepoConfig(
        project="shop",
        registry=f"{folder}/registry.db",
        provider="local",
        offline_store={"type": "file"},
        online_store={"type": "sqlite", "path": f"{folder}/online.db"},
        entity_key_serialization_version=3,
    )
)
store.apply([customer, view])
asked = pd.DataFrame({"customer": ["corrected", "late", "same moment"], "event_timestamp": [day("2024-03-10")] * 3})
found = store.get_historical_features(entity_df=asked, features=["spending:spend"]).to_df().set_index("customer")["spend"].to_dict()
print("as of 10 March:", found)
assert found == {"corrected": 999.0, "late": 50.0, "same moment": 7.0}, "this has changed"
PYTHON
