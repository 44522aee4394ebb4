"""Retention: plan, playbook, alerts, customer value."""
