"""The parameters of the estimators: base classes that have their constructors and documentation."""
