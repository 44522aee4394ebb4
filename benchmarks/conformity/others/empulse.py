"""Empulse's side: MPC and EMPC of every case in given.npz."""

import sys
from pathlib import Path

import numpy as np


def answers(y, p, money):
    """Return MPC and EMPC, case by case and setting by setting."""
    from empulse.metrics import empc_score, mpc_score

    made = {"mpc": [], "empc": []}
    for labels, scores in zip(y.astype(int), p, strict=True):
        for value, offer, contact, accept, alpha, beta in money:
            costs = {"clv": value, "incentive_cost": offer, "contact_cost": contact}
            made["mpc"].append(mpc_score(labels, scores, accept_rate=accept, **costs))
            made["empc"].append(empc_score(labels, scores, alpha=alpha, beta=beta, **costs))
    return {name: np.asarray(value, dtype=float) for name, value in made.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with np.load(folder / "given.npz") as arrays:
        np.savez(folder / "answers.npz", **answers(arrays["y"], arrays["p"], arrays["money"]))
