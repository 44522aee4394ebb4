"""Damaged model files: cut short, bytes lost, bits flipped, structure edited. Used by the tests and by benchmarks/model_file.py."""

import itertools
import multiprocessing
import queue
import re

import numpy as np

from churnpredict.errors import ModelFileError
from churnpredict.model.trees import read_trees

INT_KEYS = (
    "split_feature",
    "left_child",
    "right_child",
    "decision_type",
    "leaf_count",
    "internal_count",
    "cat_boundaries",
    "cat_threshold",
)
FLOAT_KEYS = ("threshold", "leaf_value", "leaf_weight", "split_gain", "internal_value", "internal_weight", "shrinkage")
WORDS = (
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "99999999",
    "2147483648",
    "9223372036854775808",
    "",
    " ",
    "1 2",
    "x",
    "0x10",
    "1e5",
    "--1",
    "1_0",
)


def set_value(text, key, occurrence, position, word):
    """Replace one number of one line of one tree."""
    found = list(re.finditer(rf"^{key}=(.*)$", text, re.MULTILINE))
    match = found[occurrence % len(found)]
    values = match.group(1).split(" ")
    values[position % len(values)] = word
    return text[: match.start(1)] + " ".join(values) + text[match.end(1) :]


def resized(text):
    """Tree sizes made to fit again, so that the damage reaches the trees."""
    body = text.split("\n\n", 1)[1].split("end of trees")[0]
    starts = [m.start() for m in re.finditer(r"^Tree=", body, re.MULTILINE)] + [len(body)]
    sizes = " ".join(str(b - a) for a, b in itertools.pairwise(starts))
    return re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", text, count=1, flags=re.MULTILINE)


def damaged(data, n, seed=0):
    """``n`` pairs of a name and a damaged copy, in five kinds of equal share."""
    rng = np.random.default_rng(seed)
    text = data.decode()
    lines = text[: text.index("end of trees")].split("\n")
    for i in range(n):
        kind = ("truncated", "deleted", "flipped", "edited", "rearranged")[i % 5]
        if kind == "truncated":
            yield f"{kind} {i}", data[: int(rng.integers(0, len(data)))]
        elif kind == "deleted":
            begin = int(rng.integers(0, len(data)))
            yield f"{kind} {i}", data[:begin] + data[begin + int(rng.integers(1, 200)) :]
        elif kind == "flipped":
            at = int(rng.integers(0, text.index("end of trees")))
            yield f"{kind} {i}", data[:at] + bytes([data[at] ^ (1 << int(rng.integers(0, 8)))]) + data[at + 1 :]
        elif kind == "edited":
            present = [key for key in INT_KEYS + FLOAT_KEYS + ("num_leaves", "num_cat", "is_linear", "Tree") if f"\n{key}=" in text]
            key = str(rng.choice(present))
            word = str(rng.choice(WORDS))
            if rng.random() < 0.5 and key in INT_KEYS:
                word = str(int(rng.integers(-40, 60)))
            yield f"{kind} {i} {key}", resized(set_value(text, key, int(rng.integers(1000)), int(rng.integers(1000)), word)).encode()
        else:
            changed = list(lines)
            at, other = (int(v) for v in rng.integers(1, len(lines), 2))
            if rng.random() < 0.3:
                del changed[at]
            elif rng.random() < 0.5:
                changed.insert(other, changed[at])
            else:
                changed[at], changed[other] = changed[other], changed[at]
            yield f"{kind} {i}", resized("\n".join(changed) + text[text.index("end of trees") :]).encode()


def score(text, rows, answers):
    """What LightGBM makes of a text; runs in a child that may die."""
    import lightgbm

    answers.put(lightgbm.Booster(model_str=text).predict(rows, raw_score=True, num_threads=1))


def score_in_child(text, rows, seconds=60):
    """Raw scores, or "crash", or "hang"."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lightgbm"])
    answers = context.Queue()
    child = context.Process(target=score, args=(text, rows, answers), daemon=True)
    child.start()
    result = "hang"
    for _ in range(seconds * 10):
        try:
            result = answers.get(timeout=0.1)
            break
        except queue.Empty:
            if not child.is_alive():
                result = "crash"
                break
    child.kill()
    child.join()
    return result


def judge(data, rows, expected):
    """ "refused", "same", "different", "crash" or "hang"."""
    try:
        text = read_trees(data).to_text()
    except ModelFileError:
        return "refused"
    scores = score_in_child(text, rows)
    if isinstance(scores, str):
        return scores
    return "same" if np.array_equal(scores, expected) else "different"
