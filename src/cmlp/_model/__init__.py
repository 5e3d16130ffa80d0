"""What a trained model is: all that a prediction depends on."""
