"""The bare network, for users who want its parameters, activations and gradients, or who embed it."""
