"""Plots of a training run, drawn with matplotlib (the extra [plot]).

    learning_curves    loss and accuracy over the epochs
    kernels            the weights of a convolution
    feature_maps       what each convolution makes of one image
    confusion_matrix   which classes are taken for which
    save               a figure into a file, all or nothing
"""

from nn.plots.activations import feature_maps
from nn.plots.confusion import confusion_matrix
from nn.plots.curves import learning_curves
from nn.plots.weights import kernels
from nn.plots.style import matplotlib_missing, save

__all__ = ["learning_curves", "kernels", "feature_maps", "confusion_matrix", "save", "matplotlib_missing"]
