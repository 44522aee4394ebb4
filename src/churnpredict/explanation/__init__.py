"""Exact reasons for risks: SHAP values, drivers, words, pictures, what-if. It works on matrices only."""
