"""The leakage-channel map: what is planted is found where it was planted, shown masked; healthy files stay quiet."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import random
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import optim

from exeat.evidence.inspection import DEFAULT, open_checkpoint
from exeat.evidence.inspection.channel_words import WORDS
from exeat.evidence.inspection.channels import MAX_FINDINGS, channels_of
from exeat.evidence.inspection.opened import Opened, Problem, Text, Tree
from exeat.evidence.inspection.parts import parts_of
from exeat.evidence.inspection.symbols import Call, Global
from exeat.model.inspection import Channel, PartKind
from tests.unit.evidence.corpus.build import healthy_cases
from tests.unit.evidence.corpus.healthy_torch import linear, stepped

LEAKY = Path(__file__).resolve().parents[3] / "data" / "evidence" / "checkpoints" / "c_lightning.ckpt"
C, P = Channel, PartKind
BYTES = torch.tensor(list(b"mail to jane.doe@trust.nhs.uk"), dtype=torch.uint8)
PERSONAL = {
    *(C.USER_NAME, C.HOST_NAME, C.EMAIL, C.DATE, C.NHS_NUMBER, C.RECORD_NUMBER, C.IBAN, C.PHONE, C.SECRET),
    *(C.TIMESTAMP, C.COMMIT_ID, C.MEMBER_INDICES, C.RECORD_LIKE_TENSOR, C.EMBEDDED_TEXT, C.UNLISTED_MEMBER),
    *(C.TRAILING_BYTES, C.COMPRESSION_BOMB, C.ABSOLUTE_PATH),
}


def found_in(path):
    with open_checkpoint(path) as opened:
        return channels_of(opened, parts_of(opened), DEFAULT)


def map_of(opened):
    return channels_of(opened, parts_of(opened), DEFAULT)


def saved(tmp_path, value):
    torch.save(value, tmp_path / "x.pt")
    return found_in(tmp_path / "x.pt")


def places(findings):
    return {(one.channel, one.part, one.place) for one in findings}


def of(findings, channel):
    return [one for one in findings if one.channel is channel]


def test_leaky_sample():
    callbacks = "callbacks.ModelCheckpoint{'monitor': 'val_loss'}.best_model_path"
    found = found_in(LEAKY)
    assert places(found) == {
        (C.ABSOLUTE_PATH, P.CALLBACKS, callbacks),
        (C.ABSOLUTE_PATH, P.HYPERPARAMETERS, "hyper_parameters.data_dir"),
        (C.USER_NAME, P.CALLBACKS, callbacks),
        (C.MEMBER_INDICES, P.MEMBER_INDICES, "train_indices"),
        (C.OPTIMIZER_STATE, P.OPTIMIZER_STATE, "optimizer_states.0.state.0.exp_avg"),
    }
    counts = {(one.channel, one.part): one.count for one in found}
    assert counts[C.ABSOLUTE_PATH, P.CALLBACKS] == 2
    assert counts[C.ABSOLUTE_PATH, P.HYPERPARAMETERS] == 2, "the text and the pathlib path"
    assert counts[C.MEMBER_INDICES, P.MEMBER_INDICES] == 898
    assert counts[C.OPTIMIZER_STATE, P.OPTIMIZER_STATE] == 8
    text = repr(found)
    assert [name for name in ("alice", "hospital_A", "patients_2024", "/mnt/nhs") if name in text] == []
    assert all(one.remedy and one.sentence.endswith(".") for one in found)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own words about its prototypes
        for case in healthy_cases():
            case.write(folder / case.name)
    return folder


TRUE = {
    "distributed": {C.ABSOLUTE_PATH},
    "distributed-dtensor": {C.ABSOLUTE_PATH},
}
"""torch.distributed.checkpoint writes the path of the folder into .metadata: a leak, though everybody has it."""


@pytest.mark.parametrize("name", [case.name for case in healthy_cases()])
def test_healthy_file_is_quiet(healthy, name):
    seen = {one.channel for one in found_in(healthy / name)}
    assert seen & PERSONAL == TRUE.get(name, set())
    assert (C.OPTIMIZER_STATE in seen) == (
        name in {"sgd.pt", "adam.pt", "adamw-amsgrad.pt", "lbfgs.pt", "rmsprop.pt", "adam-legacy.pt"}
        or name in {"lightning.ckpt", "distributed"}
    )
    assert (C.RNG_STATE in seen) == (name == "rng.pt")


PLANTED = [
    ({"hparams": {"contact": "jane.doe@trust.nhs.uk"}}, C.EMAIL, P.HYPERPARAMETERS, "hparams.contact"),
    ({"config": {"nhs_number": 9434765919}}, C.NHS_NUMBER, P.HYPERPARAMETERS, "config.nhs_number"),
    ({"config": {"nhs": np.int64(9434765919)}}, C.NHS_NUMBER, P.HYPERPARAMETERS, "config.nhs"),
    ({"args": argparse.Namespace(mrn="00483921")}, C.RECORD_NUMBER, P.HYPERPARAMETERS, "args.mrn"),
    ({"notes": ["call +44 7700 900123"]}, C.PHONE, P.OTHER, "notes"),
    ({"callbacks": {"wandb": {"api_key": "k3y-9f8e7d6c5b"}}}, C.SECRET, P.CALLBACKS, "callbacks.wandb.api_key"),
    ({"meta": {"git_commit": "3f2a9bc"}}, C.COMMIT_ID, P.OTHER, "meta.git_commit"),
    ({"meta": {"created_at": 1732740000.5}}, C.TIMESTAMP, P.OTHER, "meta.created_at"),
    ({"meta": {"at": dt.datetime(2026, 1, 2, 3, 4, tzinfo=None)}}, C.TIMESTAMP, P.OTHER, "meta.at"),  # noqa: DTZ001
    ({"meta": {"dob": dt.date(1950, 2, 28)}}, C.DATE, P.OTHER, "meta.dob"),
    ({"meta": {"host": "icu-gpu-3"}}, C.HOST_NAME, P.OTHER, "meta.host"),
    ({"meta": {"user": "asmith"}}, C.USER_NAME, P.OTHER, "meta.user"),
    ({"iban": "DE89 3704 0044 0532 0130 00"}, C.IBAN, P.OTHER, "iban"),
    ({"p": pathlib.PureWindowsPath("C:/Users/carol/x.csv")}, C.USER_NAME, P.OTHER, "p"),
    ({"best": {"/home/alice/run.ckpt": 0.5}}, C.ABSOLUTE_PATH, P.OTHER, "best./home/a…/r….ckpt"),
    ({"raw": b"/home/alice/run.ckpt"}, C.ABSOLUTE_PATH, P.OTHER, "raw"),
    ({"names": np.array(["jane.doe@trust.nhs.uk", "x"])}, C.EMAIL, P.OTHER, "names"),
    ({"model": {"t": BYTES}}, C.EMAIL, P.WEIGHTS, "model.t"),
    ({"nhs_numbers": [9434765919, 4010232137]}, C.NHS_NUMBER, P.OTHER, "nhs_numbers"),
    ({"k": [9434765919, 4010232137] * 3}, C.NHS_NUMBER, P.OTHER, "k"),
    ({"k": torch.tensor([9434765919, 4010232137] * 3)}, C.NHS_NUMBER, P.OTHER, "k"),
    ({"train_ids": ["A1", "B2"]}, C.MEMBER_INDICES, P.MEMBER_INDICES, "train_ids"),
    ({"cfg": {"train_idx": np.arange(50)}}, C.MEMBER_INDICES, P.MEMBER_INDICES, "cfg.train_idx"),
    ({"model": {"w": torch.ones(2), "train_mask": torch.ones(9) > 0}}, C.MEMBER_INDICES, None, None),
    ({"z": torch.randperm(500) * 7}, C.MEMBER_INDICES, P.MEMBER_INDICES, "z"),
    ({"losses": {7 * n * n + n: 0.1 for n in range(100)}}, C.MEMBER_INDICES, P.MEMBER_INDICES, "losses"),
    ({"cuda_rng_state": torch.zeros(16, dtype=torch.uint8)}, C.RNG_STATE, P.RNG_STATE, "cuda_rng_state"),
    ({"np": np.random.RandomState(1).get_state()}, C.RNG_STATE, P.RNG_STATE, "np.1"),
    ({"x_train": torch.rand(50, 4)}, C.RECORD_LIKE_TENSOR, P.OTHER, "x_train"),
    ({"model": {"memory_bank": torch.rand(50, 4)}}, C.RECORD_LIKE_TENSOR, P.WEIGHTS, "model.memory_bank"),
    ({"patient_embedding.weight": torch.rand(50, 4)}, C.RECORD_LIKE_TENSOR, P.WEIGHTS, "patient_embedding.weight"),
    ({"callbacks": {"c": {"seen": torch.rand(50, 4)}}}, C.RECORD_LIKE_TENSOR, P.CALLBACKS, "callbacks.c.seen"),
    ({"cfg": {"scaler_fit": np.random.default_rng(1).random((50, 4))}}, C.RECORD_LIKE_TENSOR, P.HYPERPARAMETERS, None),
    ({"k": torch.randint(0, 90, (50, 4)).float()}, C.RECORD_LIKE_TENSOR, P.WEIGHTS, "k"),
    ({"w": torch.rand(100, 10)[:3]}, C.TRAILING_BYTES, P.WEIGHTS, "w"),
    ({"letter": "Seen in clinic with chest pain and " * 30}, C.EMBEDDED_TEXT, P.EMBEDDED_TEXT, "letter"),
    ({"optimizer": stepped(optim.Adam)}, C.OPTIMIZER_STATE, P.OPTIMIZER_STATE, "optimizer.state.0.exp_avg"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "channel", "part", "place"), PLANTED, ids=[str(row[1]) for row in PLANTED])
def test_planted_is_found_with_the_part_and_place_that_carry_it(tmp_path, value, channel, part, place):
    found = of(saved(tmp_path, value), channel)
    assert len(found) == 1
    assert part is None or found[0].part is part
    assert place is None or found[0].place == place
    assert found[0].count >= 1


ORDINARY = [
    {"state_dict": linear().state_dict(), "epoch": 3, "global_step": 9434765919, "version": "2024-01-15"},
    {"model": {"embeddings.position_ids": torch.arange(512)[None], "relative_position_index": torch.arange(49)}},
    {"model": {"word_embeddings.weight": torch.rand(100, 8), "mask": torch.tril(torch.ones(64, 64))}},
    {"config": {"hidden_sizes": [64] * 80, "milestones": [30, 60, 90], "layer_ids": list(range(0, 96, 2))}},
    {"config": {"lr": 0.001, "seed": 1234567890, "betas": (0.9, 0.999), "arch": "resnet50", "amp": True}},
    {"history": [0.9, 0.8, 0.7], "counts": {str(n): n for n in range(100)}, "norm": {"mean": np.zeros(3)}},
    {"classes": ["cat", "dog"], "id2label": {n: str(n) for n in range(100)}, "vocab": {"the": 1, "##ing": 2}},
    {"optimizer": optim.SGD(linear().parameters(), lr=0.1).state_dict()},
]


@pytest.mark.parametrize("value", ORDINARY, ids=[str(list(value)) for value in ORDINARY])
def test_ordinary_checkpoint_is_quiet(tmp_path, value):
    assert saved(tmp_path, value) == ()


def test_metadata_of_safetensors(tmp_path):
    metadata = {"format": "pt", "run_dir": "/home/alice/x", "args": '{"password": "hunter22", "lr": 0.1}'}
    save_file({"w": torch.ones(2)}, tmp_path / "x.safetensors", metadata=metadata)
    assert places(found_in(tmp_path / "x.safetensors")) == {
        (C.ABSOLUTE_PATH, P.EMBEDDED_TEXT, "__metadata__.run_dir"),
        (C.USER_NAME, P.EMBEDDED_TEXT, "__metadata__.run_dir"),
        (C.SECRET, P.HYPERPARAMETERS, "__metadata__.args"),
    }


def test_names_of_tensors_and_members(tmp_path):
    save_file({"clinic.jane@trust.nhs.uk.weight": torch.ones(2)}, tmp_path / "x.safetensors")
    found = of(found_in(tmp_path / "x.safetensors"), C.EMAIL)
    assert found
    assert "jane" not in repr(found)


def test_members_that_nobody_uses_and_a_comment(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"w": torch.ones(2)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x/patients.csv", "nhs_number,dob\n943 476 5919,1950-02-28\n")
        archive.comment = b"saved by jane.doe@trust.nhs.uk"
    found = found_in(path)
    assert (C.UNLISTED_MEMBER, P.OTHER, "unlisted members.x/patients.csv") in places(found)
    assert (C.NHS_NUMBER, P.EMBEDDED_TEXT, "x/patients.csv") in places(found)
    assert (C.DATE, P.EMBEDDED_TEXT, "x/patients.csv") in places(found)
    assert of(found, C.EMAIL)[0].place == "archive comment"


def test_bytes_behind_the_end(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"w": torch.ones(2)}, path)
    path.write_bytes(path.read_bytes() + b"patients")
    assert of(found_in(path), C.TRAILING_BYTES)[0].count == 8


def test_compression_bomb(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"w": torch.ones(2)}, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/zeros", bytes(50 * 2**20))
    assert of(found_in(path), C.COMPRESSION_BOMB)


def test_values_are_read_only_of_files_that_nothing_speaks_against(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"k": torch.randint(0, 90, (50, 4)).float()}, path)
    with open_checkpoint(path) as opened:
        assert of(map_of(opened), C.RECORD_LIKE_TENSOR)
        opened.problems.append(Problem("x", "unsafe", "x", "x"))
        assert not of(map_of(opened), C.RECORD_LIKE_TENSOR)


def test_text_in_a_tensor_is_found_whatever_else_is_wrong(tmp_path):
    found = of(saved(tmp_path, {"t": BYTES, "data": pathlib.PurePosixPath("x")}), C.EMAIL)
    assert [one.part for one in found] == [P.EMBEDDED_TEXT]
    save_file({"t": BYTES}, tmp_path / "x.safetensors")
    assert [one.place for one in of(found_in(tmp_path / "x.safetensors"), C.EMAIL)] == ["t"]


def test_rows_that_match_an_index_list(tmp_path):
    value = {"train_indices": list(range(40)), "args": {"z": torch.rand(40)}, "callbacks": {"z": torch.rand(41)}}
    found = of(saved(tmp_path, value), C.RECORD_LIKE_TENSOR)
    assert [one.place for one in found] == ["args.z"]
    assert "as many rows as an index list" in found[0].sentence


def opened_with(value, limit=None):
    opened = Opened("pickle", 10**6)
    opened.trees.append(Tree("pickle", value))
    return opened if limit is None else (opened, DEFAULT._replace(text_bytes=limit))


def test_text_beyond_the_cap_is_told():
    opened, limits = opened_with({"a": "x" * 500, "b": "/home/alice/x"}, 200)
    assert channels_of(opened, parts_of(opened), limits) == ()
    assert "200 characters" in opened.notes[0]


def test_a_flood_of_branches_is_cut_and_told():
    opened = opened_with({f"k{number}": {"p": f"/home/alice/{number}"} for number in range(600)})
    assert len(map_of(opened)) == MAX_FINDINGS
    assert "more leakage findings" in opened.notes[0]


def test_finds_of_one_branch_are_counted_together():
    opened = opened_with({"callbacks": {"seen": [f"/srv/icu/{number}.csv" for number in range(30)]}})
    (found,) = map_of(opened)
    assert (found.count, found.place) == (30, "callbacks.seen")
    assert found.sentence.startswith("30 absolute paths in the callbacks")


def test_cycles_end():
    loop: dict = {"p": "/home/alice/x"}
    loop["loop"] = [loop]
    assert {one.channel for one in map_of(opened_with(loop))} == {C.ABSOLUTE_PATH, C.USER_NAME}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_shown_never_repeats_what_was_planted(seed):
    source = random.Random(seed)  # noqa: S311 no secret
    name = "".join(source.choice("bcdfghklmnprstvz") for _ in range(9))
    number = "".join(str(source.randrange(10)) for _ in range(9))
    mixed = "".join(map("".join, zip(name, number, name, strict=True)))
    forms = [
        *(f"/home/{name}/x", f"C:\\Users\\{name}\\x", f"{name}@clinic.nhs.uk", f"password: {name}{number}"),
        *(
            f"MRN: {number}",
            f"patient_id={number}",
            f"//{name}",
            f"s3://{name}/x",
            f"\\\\{name}\\share",
            f"host: {name}1",
        ),
        *(
            f"https://{name}:{number}@{name}.de/x",
            f"username: {name}",
            f"phone: 0{number}",
            f"token: {mixed}",
        ),
    ]
    chosen = source.sample(forms, 5)
    opened = opened_with({form: {form: [form]} for form in chosen})
    opened.texts.append(Text(chosen[0], chosen[1]))
    found = parts_of(opened)
    shown = repr(channels_of(opened, found, DEFAULT)) + repr(found.parts) + repr(found.tensors)
    hits = [form for form in chosen if not form.startswith("//")]
    assert [form for form in hits if form in shown] == []
    assert number not in shown


def test_every_channel_has_words_and_a_remedy():
    assert set(WORDS) == set(Channel)
    assert all(words.one and words.many and words.why and words.remedy.endswith(".") for words in WORDS.values())


def test_halves_of_characters_and_impossible_types_end_in_a_map():
    array = Call(Global("numpy._core.multiarray", "_reconstruct"), ())
    array.state = (1, (50,), Call(Global("numpy", "dtype"), ("i3",)), False, bytes(150))
    value = {"\ud800/home/alice": {"\ud801": "/home/al\udfffice/x"}, "train_idx": array, "n": {10**40: 1}}
    found = map_of(opened_with(value))
    assert {one.channel for one in found} >= {C.ABSOLUTE_PATH}
    assert [one.model_dump_json() for one in found]


def test_numbers_that_are_no_characters_become_no_texts():
    """numpy makes strings of them that crash the interpreter; found by fuzzing."""
    path = "/home/alice/x\ud800y".encode("utf-32-le", "surrogatepass") + (2**31).to_bytes(4, "little")
    array = Call(Global("numpy._core.multiarray", "_reconstruct"), ())
    array.state = (1, (1,), Call(Global("numpy", "dtype"), (f"U{len(path) // 4}",)), False, path)
    scalar = Call(Global("numpy._core.multiarray", "scalar"), (array.state[2], path))
    found = map_of(opened_with({"a": array, "s": scalar}))
    assert [one.place for one in of(found, C.USER_NAME)] == ["a", "s"]
    assert "\ufffd" not in repr(of(found, C.USER_NAME))
