"""Keys of the drivers: the families of reasons, in the order in which they are shown."""

from __future__ import annotations

__all__ = ["DRIVER_KEYS"]

DRIVER_KEYS = (
    "habit",
    "value",
    "onboarding",
    "quality",
    "support",
    "communication",
    "price",
    "payment",
    "contract",
    "complexity",
    "competition",
    "lifecycle",
)
