"""MLflow's model registry as the registry of `churnpredict retrain`: promote, look, roll back, load. Run it in the folder with churn.toml:

    MLFLOW_TRACKING_URI=sqlite:///mlflow.db MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false python mlflow_registry.py

churn.toml says where models and decisions are kept:

    [output]
    registry = "mlflow:churn"
"""

from __future__ import annotations

import json
import subprocess

import mlflow

MODEL = "churn"


def churnpredict(*arguments: str) -> dict[str, object]:
    """Run a command, and give back what it says."""
    done = subprocess.run(["churnpredict", *arguments, "--format", "json"], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return json.loads(done.stdout)


def retrain() -> dict[str, object]:
    """Challenge the champion; the alias moves if the challenger is better."""
    decided = churnpredict("retrain")
    version = mlflow.MlflowClient().get_model_version_by_alias(MODEL, "champion").version
    print(f"{decided['action']} [{decided['verdict']}]: {decided['words']}; version {version} is in force")
    return decided


def take_back() -> None:
    """Put the model before the current one into force again."""
    churnpredict("history", "--roll-back")


if __name__ == "__main__":
    retrain()
    champion = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    print(champion.metadata.signature)
