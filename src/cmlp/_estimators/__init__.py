"""The classifier and the regressor, with the interface of scikit-learn's estimators."""
