# cython: language_level=3
"""Classify images with cmlp's C functions from Cython."""

import numpy as np

from libc.stdint cimport int32_t, uint8_t

from cmlp.capi cimport cmlp_capi, cmlp_import_capi, cmlp_model, cmlp_model_info

cdef const cmlp_capi *api = cmlp_import_capi()


cdef class Model:
    """A model file in memory."""

    cdef const uint8_t[::1] file
    cdef uint8_t[::1] memory
    cdef const cmlp_model *model
    cdef cmlp_model_info info

    def __init__(self, path):
        self.file = np.fromfile(path, np.uint8)
        self.info.struct_size = sizeof(cmlp_model_info)
        check(api.model_size(&self.file[0], self.file.size, &self.info))
        self.memory = np.empty(self.info.model_size, np.uint8)
        cdef uint8_t[::1] workspace = np.empty(self.info.workspace_size, np.uint8)
        check(api.model_init(&self.memory[0], self.memory.size, &self.file[0], self.file.size, 0, &workspace[0],
                             workspace.size, &self.model))

    def classify(self, const uint8_t[:, ::1] images):
        """Return the class index of each image, a row of bytes. Other threads run meanwhile."""
        if images.shape[1] != self.info.n_inputs:
            raise ValueError(f"images must have {self.info.n_inputs} columns, got {images.shape[1]}")
        cdef int32_t[::1] classes = np.empty(images.shape[0], np.int32)
        cdef uint8_t[::1] workspace = np.empty(self.info.workspace_size, np.uint8)
        cdef Py_ssize_t i
        cdef int status = 0
        with nogil:
            for i in range(images.shape[0]):
                status = api.model_predict_u8(self.model, &images[i, 0], 784, &classes[i], NULL, 0, &workspace[0],
                                              workspace.shape[0])
                if status:
                    break
        check(status)
        return np.asarray(classes)


cdef int check(int status) except -1:
    if status:
        raise ValueError(api.status_string(status).decode())
    return 0
