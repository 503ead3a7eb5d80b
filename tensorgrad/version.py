"""The version, alone in a file that imports nothing, so that building does not need NumPy."""

__version__ = "0.1.0"
