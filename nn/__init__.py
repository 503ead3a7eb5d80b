"""nn: layers, losses, optimizers, data and training on top of tensorgrad."""
