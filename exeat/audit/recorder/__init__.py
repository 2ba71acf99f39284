"""Records a training run as it happens: manifest, trace, and which epoch exposes least at equal utility."""

from exeat.audit.recorder.journal import read_lines
from exeat.audit.recorder.recorder import Recorded, Recorder

__all__ = ["Recorded", "Recorder", "read_lines"]
