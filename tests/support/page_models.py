"""What the tests of pages compare with: the network of a page, and its images."""

import numpy as np

from cmlp import Network
from cmlp._export.page.document import sixteen_levels


def network_of(params):
    net = Network([784, 16, 16, 10], output="logistic", loss="squared_error", random_state=0)
    net.params[:] = params
    return net


def sixteenths(images):
    return sixteen_levels(images, 255).astype(np.float32) / 15


def largest_difference(got, wanted):
    return np.abs(np.asarray(got, np.float64) - wanted).max()
