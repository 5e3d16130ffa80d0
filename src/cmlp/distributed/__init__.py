"""Training and prediction on a Dask cluster; needs the extra "dask": ``pip install cmlp[dask]``."""

from cmlp.distributed.prediction import predict
from cmlp.distributed.training import fit

__all__ = ["fit", "predict"]
