"""Read the trees of models that others made (XGBoost, CatBoost, scikit-learn) into one layout; imported by :mod:`treeshap` alone."""
