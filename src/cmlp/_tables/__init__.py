"""Estimators for tables: columns of numbers and categories, with missing values, without a pipeline around them."""
