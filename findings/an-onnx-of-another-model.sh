#!/usr/bin/env bash
# A good guess:  onnxmltools converts a LightGBM model into one that gives the same probabilities, up to the rounding of float32, or says that it
#                cannot: objectives that it does not know it refuses by name.
# What happens:  it reads trees and the name of the objective, and nothing else. The slope of the logistic function (sigmoid=2) is taken for 1,
#                the linear functions in the leaves of linear_tree are dropped for their constants, the mean over the trees of a
#                forest (boosting="rf") becomes a sum, and the squares of reg_sqrt stay roots. Conversion and ONNX's own checker pass. Risks are
#                wrong by up to 43 points. treelite reads forests and slopes right, and refuses linear trees.
# Why it matters: a model that was tested in Python scores customers otherwise in the service that runs the file. Compare some risks after each
#                conversion. churnpredict has no ONNX; it explains and reads such models to their own prediction, or refuses them.
# Versions:      onnxmltools 1.16.0, onnxruntime 1.32.0, skl2onnx 1.20.0, treelite 4.8.1, lightgbm 4.7.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxmltools==1.16.0 onnxruntime==1.32.0 skl2onnx==1.20.0 treelite==4.8.1 lightgbm==4.7.0
"$folder/venv/bin/python" -W ignore - "$folder/model.txt" <<'PYTHON'
import sys

import lightgbm
import numpy as np
import onnx
import onnxruntime
import treelite
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

onnxruntime.set_default_logger_severity(3)
draw = np.random.default_rng(0)
X = draw.normal(size=(3_000, 3)).astype(np.float32)
left = (draw.random(3_000) < 1 / (1 + np.exp(-X[:, 0] - 0.5 * X[:, 1]))).astype(int)
asked = X[:200]


def by_onnx(booster):
    model = convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, 3]))], zipmap=False)
    onnx.checker.check_model(model)
    found = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": asked})[-1]
    return found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found.ravel()


def by_treelite(booster):
    booster.save_model(sys.argv[1])
    return treelite.gtil.predict(treelite.frontend.load_lightgbm_model(sys.argv[1]), asked.astype(np.float64)).ravel()


kinds = {"plain": {}, "slope": {"sigmoid": 2.0}, "linear leaves": {"linear_tree": True}, "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}}
kinds["roots"] = {"objective": "regression", "reg_sqrt": True}
missed = {}
for kind, more in kinds.items():
    target = np.exp(X[:, 0]) if kind == "roots" else left
    booster = lightgbm.train({"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 0} | more, lightgbm.Dataset(X, target), 20)
    own = booster.predict(asked)
    missed[kind] = float(abs(by_onnx(booster) - own).max())
    try:
        other = f"{abs(by_treelite(booster) - own).max():.1g}"
    except treelite.TreeliteError:
        other = "refused"
    print(f"{kind}: largest difference from LightGBM: ONNX {missed[kind]:.2g}, treelite {other}")
    assert other == "refused" if kind == "linear leaves" else float(other) < 1e-6
assert missed["plain"] < 1e-6
assert min(missed["slope"], missed["linear leaves"], missed["forest"], missed["roots"]) > 0.1, "this has changed"
PYTHON
