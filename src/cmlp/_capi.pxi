# The function table for other extension modules, in a capsule.

from cpython.pycapsule cimport PyCapsule_New

cdef extern from *:
    """
    #define CMLP_CAPI_TABLE
    #include <cmlp_capi.h>
    """
    const void *capi_table "(&cmlp_capi_table)"

capi = PyCapsule_New(<void *>capi_table, "cmlp.capi", NULL)
