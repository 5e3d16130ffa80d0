# cython: language_level=3
"""Classify images with cmlp's C functions from Cython."""

import numpy as np

from libc.stdint cimport int32_t, uint8_t
from libc.string cimport memset

from cmlp.capi cimport (
    CMLP_UINT8, cmlp_capi, cmlp_import_capi, cmlp_model, cmlp_model_info, cmlp_prediction, cmlp_rows,
    cmlp_run,
)

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
        check(api.model_describe(&self.file[0], self.file.size, &self.info, NULL))
        self.memory = np.empty(self.info.model_size, np.uint8)
        cdef uint8_t[::1] workspace = np.empty(self.info.workspace_size, np.uint8)
        cdef cmlp_run run = run_of(workspace)
        check(api.model_init(&self.memory[0], self.memory.size, &self.file[0], self.file.size, NULL, &self.model, &run))

    def classify(self, const uint8_t[:, ::1] images):
        """Return the class index of each image, a row of bytes. Other threads run meanwhile."""
        if images.shape[1] != self.info.n_in:
            raise ValueError(f"images must have {self.info.n_in} columns, got {images.shape[1]}")
        cdef int32_t[::1] classes = np.empty(images.shape[0], np.int32)
        cdef uint8_t[::1] workspace = np.empty(self.info.workspace_size, np.uint8)
        cdef cmlp_run run = run_of(workspace)
        cdef cmlp_rows row
        cdef cmlp_prediction prediction
        cdef Py_ssize_t i
        cdef int status = 0
        memset(&prediction, 0, sizeof(prediction))
        api.rows_init(&row, sizeof(cmlp_rows), NULL, CMLP_UINT8, 1, images.shape[1])
        prediction.struct_size, prediction.n_class_indices = sizeof(cmlp_prediction), 1
        with nogil:
            for i in range(images.shape[0]):
                row.data, prediction.class_indices = &images[i, 0], &classes[i]
                status = api.model_predict(self.model, &row, &prediction, &run)
                if status:
                    break
        check(status)
        return np.asarray(classes)


cdef cmlp_run run_of(uint8_t[::1] workspace):
    """Return a run of one thread with this workspace, which must live as long."""
    cdef cmlp_run run
    memset(&run, 0, sizeof(run))
    run.struct_size, run.workspace, run.workspace_size = sizeof(cmlp_run), &workspace[0], workspace.shape[0]
    return run


cdef int check(int status) except -1:
    if status:
        raise ValueError(api.status_string(status).decode())
    return 0
