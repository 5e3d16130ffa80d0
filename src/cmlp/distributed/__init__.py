"""Training on several processes, with MPI or on a Dask cluster (``pip install cmlp[dask]``), and prediction on Dask."""

from cmlp.distributed.fitting import fit
from cmlp.distributed.prediction import predict

__all__ = ["fit", "predict"]
