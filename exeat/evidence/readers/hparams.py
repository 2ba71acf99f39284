"""``hparams.yaml`` as Lightning writes it: a table of hyperparameters without any mark of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers import conventions
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.evidence.readers.yaml_text import MAX_BYTES, parse_yaml

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "hparams"
USUAL = frozenset(
    {"lr", "learning_rate", "batch_size", "weight_decay", "dropout", "momentum", "hidden_dim", "optimizer"}
)
USUAL_TOO = frozenset({"hidden_size", "num_layers", "n_layers", "epochs", "max_epochs", "seed", "noise_multiplier"})
"""Names of which at least one stands at the top level of every such file that we have seen."""
_LINE = re.compile(rb"[A-Za-z_][\w.-]{0,100}:(?:[ \r]|$)")


def recognises(peek: Peek) -> bool:
    """Return whether it is a YAML table with a usual hyperparameter at its top level."""
    first = peek.data[:1].isalpha() or peek.data[:1] in (b"_", b"#", b"-")
    if not first or not peek.whole or peek.size > MAX_BYTES or peek.text is None:
        return False
    top = {line.partition(b":")[0] for line in peek.data.split(b"\n") if _LINE.match(line)}
    return bool({name.decode() for name in top} & (USUAL | USUAL_TOO))


def read(bundle: Bundle) -> Partial:
    """Read the settings; raise BadInput when it is not a YAML table."""
    saying = Saying(NAME, bundle)
    found = parse_yaml(bundle.data(MAX_BYTES).decode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise BadInput("The file of hyperparameters is not a table of names and values.", "Write one setting a line.")
    conventions.tell_settings(saying, found, "hparams")
    conventions.tell_training_dp(saying, found, "hparams")
    return saying.partial()


READER = Reader(NAME, "a file of hyperparameters (hparams.yaml)", recognises, read)
