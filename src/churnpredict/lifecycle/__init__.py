"""Retraining: challenger against champion, promotion, the registry, MLflow. The command line and the report may import it."""
