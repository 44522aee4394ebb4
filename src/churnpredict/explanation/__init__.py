"""Exact reasons for risks: SHAP values, drivers, words, pictures, what-if. It knows matrices only."""
