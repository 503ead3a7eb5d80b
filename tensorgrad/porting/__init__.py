"""Names that programs for PyTorch look for and that mean little here: types of one dtype, a class of shapes, switches of
the whole process."""
