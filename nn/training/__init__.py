"""Training: the loop, what it measures, what it calls, and the file it goes on from.

    loop          Trainer, History
    measuring     Accuracy, TopK, MeanLoss, ConfusionMatrix; Metric is the protocol
    callbacks     ProgressBar, JSONLLogger, CSVLogger, EarlyStopping, Checkpointer; Callback is the protocol
    checkpoints   save_checkpoint, load_checkpoint
"""

from nn.training.callbacks import Callback, Checkpointer, CSVLogger, EarlyStopping, JSONLLogger
from nn.training.checkpoint import load_checkpoint, save_checkpoint
from nn.training.history import History
from nn.training.metrics import Accuracy, ConfusionMatrix, MeanLoss, Metric, TopK
from nn.training.progress import ProgressBar
from nn.training.trainer import Trainer

__all__ = ["Trainer", "History", "Metric", "Accuracy", "TopK", "MeanLoss", "ConfusionMatrix", "Callback", "ProgressBar",
           "JSONLLogger", "CSVLogger", "EarlyStopping", "Checkpointer", "save_checkpoint", "load_checkpoint"]
