"""Which key of a checkpoint names which part: the words that trainers write, as data.

Sources: what PyTorch Lightning 2, Hugging Face Trainer and Accelerate, Opacus, timm, fairseq, DeepSpeed, Megatron,
torch.distributed.checkpoint and the PyTorch tutorials call the pieces of their checkpoints.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection.symbols import Call, Global
from exeat.model.inspection import PartKind

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = {
    PartKind.WEIGHTS: (
        *("state_dict", "model", "models", "model_state_dict", "model_state", "module", "module_state_dict", "net"),
        *("network", "netg", "netd", "generator", "discriminator", "encoder", "decoder", "backbone", "weights", "ema"),
        *("model_ema", "state_dict_ema", "ema_model", "ema_state_dict", "params", "parameters", "teacher", "student"),
        *("params_ema", "master_params", "fp32_params", "adapter", "lora"),
    ),
    PartKind.OPTIMIZER_STATE: (
        *("optimizer", "optimizers", "optimizer_state", "optimizer_states", "optimizer_state_dict", "optim"),
        *("optimizer_dict", "optim_state", "optim_state_dict", "opt_state", "opt_state_dict", "optimizer_g"),
        *("optimizer_d", "last_optimizer_state", "base_optimizer_state", "fp32_groups_flat", "adam", "sgd"),
    ),
    PartKind.SCHEDULER: (
        *("lr_schedulers", "lr_scheduler", "scheduler", "schedulers", "scheduler_state_dict", "scheduler_state"),
        *("lr_scheduler_state_dict", "lr_scheduler_state", "lr_schedule", "sched", "noise_scheduler_state_dict"),
        *("grad_clip_scheduler_state_dict", "opt_param_scheduler", "warmup", "scaler", "grad_scaler", "amp"),
        *("scaler_state_dict", "grad_scaler_state_dict", "native_amp_scaling_state", "amp_scaling_state"),
        *("mixedprecision", "loss_scaler", "native_amp"),
    ),
    PartKind.RNG_STATE: (
        *("rng", "rngs", "rng_state", "rng_states", "random_state", "random_states", "torch_rng_state", "generator"),
        *("cuda_rng_state", "cuda_rng_state_all", "numpy_rng_state", "np_rng_state", "python_rng_state", "np_random"),
        *("random_rng_state", "cpu_rng_state", "generator_state", "sampler", "sampler_state", "sampler_state_dict"),
        *("data_loader", "data_loader_state", "dataloader", "dataloader_state", "dataloaders", "train_dataloader"),
        *("train_loader", "loader_state", "combined_loader", "train_iterator", "iterator_state", "batch_sampler"),
        *("rng_tracker_states", "cuda_rng_states"),
    ),
    PartKind.HYPERPARAMETERS: (
        *("hyper_parameters", "hyperparameters", "hparams", "hparams_name", "hparams_type", "args", "config", "cfg"),
        *("configuration", "options", "opts", "settings", "training_args", "train_args", "model_args", "model_config"),
        *("datamodule_hyper_parameters", "datamodule_hparams_name", "init_args", "init_kwargs", "kwargs", "flags"),
    ),
    PartKind.CALLBACKS: ("callbacks", "callback_states", "early_stopping", "model_checkpoint", "callback_metrics"),
}
KEYS = {name: kind for kind, names in _NAMES.items() for name in names}
_STRONG_IN_WEIGHTS = {PartKind.OPTIMIZER_STATE, PartKind.SCHEDULER, PartKind.RNG_STATE, PartKind.HYPERPARAMETERS}
"""Kinds that a whole branch below ``model`` can still turn out to be; a single tensor cannot."""
_NO_TURN = {"generator", "adam", "sgd", "warmup", "amp", "options", "kwargs", "sampler", "adapter"}
"""Words that are as often the name of a layer."""
MOMENTS = {
    *("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg", "grad_avg", "acc_delta"),
    *("moment1", "moment2", "mu_product", "prev_step", "d_buffer", "old_dirs", "old_stps", "prev_flat_grad"),
    *("exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_diff", "variance", "momentum", "row_var", "col_var", "absmax1"),
}
_SAFE_MOMENTS = MOMENTS - {"variance", "momentum"}

_SPLIT = "train|training|trn|val|valid|validation|test|holdout|heldout|member|nonmember|non_member|forget|retain|split"
_WHO = (
    f"{_SPLIT}|eval|sample|subset|fold|patient|subject|record|dataset|example|participant|case|person|user|study"
    "|individual|cohort|canary"
)
_WHAT = "idx|idxs|idxes|index|indexes|indices|inds|ids|id_list|list|membership|permutation|order|files"
_INDEX_NAME = re.compile(
    rf"(?:\w{{0,20}}_)?(?:{_WHO})s?_(?:{_WHAT})(?:_\d{{1,3}})?|(?:{_SPLIT})_mask|indices|idxs|is_member|membership"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RNG_NAME = re.compile(r"(?:\w{0,40}_)?rng(?:_states?)?(?:_\w{1,20})?")
MAX_KEY = 200


@lru_cache(4096)
def plain(key: str) -> str:
    """Return a key in lower case with underscores: ``trainIdx`` and ``train-idx`` are ``train_idx``."""
    return _CAMEL.sub("_", key[:MAX_KEY]).lower().replace("-", "_").replace(" ", "_").strip("_")


def names_records(key: str) -> bool:
    """Return whether a key says that its value tells which records were used."""
    return _INDEX_NAME.fullmatch(plain(key)) is not None


@lru_cache(2**14)
def kind_below(kind: PartKind | None, key: str) -> PartKind | None:
    """Return what lies under a key of a branch; the outermost word decides, weights can still turn out otherwise."""
    word = plain(key)
    if kind is not PartKind.MEMBER_INDICES and _INDEX_NAME.fullmatch(word):
        return PartKind.MEMBER_INDICES
    found = KEYS.get(word)
    if found is None and (_RNG_NAME.fullmatch(word) or word.endswith("_rng_state")):
        found = PartKind.RNG_STATE
    if kind is None:
        return found
    turns = kind is PartKind.WEIGHTS and found in _STRONG_IN_WEIGHTS and word not in _NO_TURN
    return found if turns or _RNG_NAME.fullmatch(word) else kind


def kind_of_path(path: Iterable[str], shaped: dict[tuple[str, ...], PartKind] | None = None) -> PartKind | None:
    """Return the part that a tensor belongs to by the keys above it and by its own name, or None.

    ``shaped`` holds branches that were known by their shape, by their path.
    """
    keys = tuple(path)
    kind = (shaped or {}).get(())
    for at, key in enumerate(keys[:-1], 1):
        kind = kind_below(kind, key)
        kind = (shaped or {}).get(keys[:at], kind)
    return _leaf(kind, keys[-1]) if keys else kind


def _leaf(kind: PartKind | None, name: str) -> PartKind | None:
    """Return the part of one tensor; dotted names (safetensors, distributed) carry their branch in front."""
    pieces = name.split(".")
    if kind in (None, PartKind.WEIGHTS) and plain(pieces[-1]) in _SAFE_MOMENTS:
        return PartKind.OPTIMIZER_STATE
    if names_records(pieces[-1]):
        return PartKind.MEMBER_INDICES
    if kind is None and len(pieces) > 1:
        return kind_below(None, pieces[0])
    return kind or _alone(pieces[0])


def _alone(name: str) -> PartKind | None:
    kind = kind_below(None, name)
    return kind if kind in (PartKind.RNG_STATE, PartKind.OPTIMIZER_STATE) else None


def kind_by_shape(value: Any) -> PartKind | None:
    """Return what a branch is by how it is built, whatever it is called."""
    if isinstance(value, dict):
        return _kind_of_dict(value)
    if isinstance(value, tuple):
        return PartKind.RNG_STATE if _is_random_state(value) else None
    if isinstance(value, Call) and isinstance(value.func, Global):
        return PartKind.HYPERPARAMETERS if value.func.name in ("Namespace", "AttributeDict", "DictConfig") else None
    return None


def _kind_of_dict(value: dict[Any, Any]) -> PartKind | None:
    if "param_groups" in value and "state" in value:
        return PartKind.OPTIMIZER_STATE
    if "bit_generator" in value and "state" in value:
        return PartKind.RNG_STATE
    if "last_epoch" in value and ("base_lrs" in value or "_step_count" in value):
        return PartKind.SCHEDULER
    if "growth_factor" in value and "backoff_factor" in value:
        return PartKind.SCHEDULER
    return None


def _is_random_state(value: tuple[Any, ...]) -> bool:
    """Return whether a tuple is ``random.getstate()`` (3, 625 words, gauss) or numpy's ``("MT19937", …)``."""
    if len(value) == 3 and value[0] in (2, 3) and isinstance(value[1], tuple):  # noqa: PLR2004
        return len(value[1]) == 625  # noqa: PLR2004 624 words of the Mersenne twister and its position
    return len(value) == 5 and value[0] == "MT19937"  # noqa: PLR2004
