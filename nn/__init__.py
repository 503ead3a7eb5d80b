"""nn: layers, losses, optimizers, data and training on top of tensorgrad."""

from nn import init
from nn.module import Module
from nn.modules.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from nn.parameter import Buffer, Parameter
