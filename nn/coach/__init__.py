"""The coach: looks on while a model is trained, and says what is probably a mistake."""

from nn.coach.advice import Advice, Check, CoachWarning
from nn.coach.coaching import CHECKS, coach

__all__ = ["coach", "CHECKS", "Advice", "Check", "CoachWarning"]
