"""Names that code gives to data and to values for each record: as scikit-learn, buffers and notebooks have them."""

from __future__ import annotations

import re

_DATA = re.compile(
    r"_?(?:(?:x|y|z)_?(?:train|test|val|valid|fit)_?|(?:train|training|test|val|valid|fit|raw|input|all)_?(?:data|x|y|set|features"
    r"|labels|targets|inputs|images|samples|examples|batch)|fit_x|support_vectors?|dual_coef|replay(?:_buffer|_memory)?"
    r"|(?:memory|feature|sample|embedding|key|label)_?bank|queue|exemplars?|exemplar_sets?|inducing_points|coreset|dataset"
    r"|samples|records|(?:example|sample|per_sample|per_example|per_record|sample_wise|instance|train|val)_(?:loss|losses|scores"
    r"|logits|grads?|gradients|weights|embeddings|activations|predictions|probs)|cached?_(?:features|activations|embeddings"
    r"|inputs|batch|data)|last_batch|example_input_array|dummy_input|data|batch|inputs|images|features|targets|labels"
    r"|predictions|outputs|logits|activations|latents|embeddings_cache|attributions|saliency|pixel_values|observations)"
)
_WEAK_IN_WEIGHTS = {
    *("data", "batch", "inputs", "images", "features", "targets", "labels", "predictions", "outputs", "logits"),
    *("activations", "latents", "samples", "records", "dataset", "observations"),
}
"""Names that modules inside a network have as well."""


def names_data(word: str) -> bool:
    """Return whether a name, in lower case with underscores, is one that code gives to data."""
    return _DATA.fullmatch(word) is not None


def is_layer_name(word: str) -> bool:
    """Return whether modules inside a network have such a name too."""
    return word in _WEAK_IN_WEIGHTS
