"""Training on several processes, with MPI or on a Dask cluster (``pip install cmlp[dask]``), and prediction on Dask."""

from cmlp.distributed._fitting import fit
from cmlp.distributed._prediction import predict

__all__ = ["fit", "predict"]
