"""`TabularClassifier` and `TabularRegressor`: columns of a table, their encoder, a bag of networks."""
