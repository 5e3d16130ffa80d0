# cython: language_level=3
"""A stranger's extension, which knows cmlp's declarations from the installed package alone."""

from cmlp.libcmlp cimport CMLP_TANH, CMLP_VERSION, CMLP_VERSION_NUMBER, cmlp_layer


def seen():
    """Return the version twice, as header and package say it, and a struct filled in."""
    cdef cmlp_layer layer
    layer.n_in, layer.n_out, layer.activation, layer.weights, layer.biases = 3, 2, CMLP_TANH, 0, 6
    return CMLP_VERSION.decode(), CMLP_VERSION_NUMBER, layer
