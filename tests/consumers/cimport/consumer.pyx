# cython: language_level=3
"""A user's extension, which knows cmlp's declarations from the installed package alone."""

from cmlp.capi cimport cmlp_capi, cmlp_import_capi
from cmlp.libcmlp cimport CMLP_ACTIVATION_TANH, CMLP_VERSION, CMLP_VERSION_NUMBER, cmlp_layer_info


def seen():
    """Return the version as the header and the function table contain it, its number, and a struct filled in."""
    cdef const cmlp_capi *api = cmlp_import_capi()
    cdef cmlp_layer_info layer
    layer.n_in, layer.n_out, layer.activation, layer.first_weight, layer.first_bias = 3, 2, CMLP_ACTIVATION_TANH, 0, 6
    return CMLP_VERSION.decode(), api.version().decode(), CMLP_VERSION_NUMBER, layer
