"""Truth tables of the recognisers. Every number here is made up or a published example; none belongs to a person."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exeat.evidence.inspection.recognisers import MAX_HITS, RECOGNISERS, masked, masked_place, scan
from exeat.evidence.inspection.recognisers.checks import is_day, is_iban, is_nhs_number
from exeat.evidence.inspection.recognisers.pool import Pool, label_before
from exeat.evidence.inspection.recognisers.secrets import entropy, is_random
from exeat.model.inspection import Channel, PartKind
from tests.patience import ends

C = Channel


def channels(text: str) -> set[Channel]:
    return {hit.channel for hit in scan(text).hits}


FOUND = [
    ("/home/alice/hospital_A/ckpt/last.ckpt", {C.ABSOLUTE_PATH, C.USER_NAME}),
    ("/mnt/nhs/patients_2024.csv", {C.ABSOLUTE_PATH}),
    ("loaded '/Users/bob/run 1' ok", {C.ABSOLUTE_PATH, C.USER_NAME}),
    ("/scratch/lab/x", {C.ABSOLUTE_PATH}),
    ("/hospital/export/cases.parquet", {C.ABSOLUTE_PATH}),
    ("data_dir: /hospital/export", {C.ABSOLUTE_PATH}),
    ("C:\\Users\\carol\\data.csv", {C.ABSOLUTE_PATH, C.USER_NAME}),
    ('{"p": "D:\\\\studies\\\\icu"}', {C.ABSOLUTE_PATH}),
    ("E:/studies/icu/cases.csv", {C.ABSOLUTE_PATH}),
    ("\\\\ward7-nas\\exports\\2024", {C.ABSOLUTE_PATH, C.HOST_NAME}),
    ("s3://icu-bucket/raw/x.parquet", {C.ABSOLUTE_PATH}),
    ("file:///srv/data/x.csv", {C.ABSOLUTE_PATH}),
    ("http://mlflow.hospital-a.nhs.uk:5000/run", {C.HOST_NAME}),
    ("postgresql://bob:hunter22@db7/records", {C.SECRET, C.HOST_NAME}),
    ("ran on gpu-node-07.cluster.local", {C.HOST_NAME}),
    ("hostname=icu-gpu-3", {C.HOST_NAME}),
    ("10.20.30.40", {C.HOST_NAME}),
    ("https://gitlab.clinic.de/x", {C.HOST_NAME}),
    ("tracking_uri: https://runs.clinic.de", {C.HOST_NAME}),
    ("rsync alice@gpu07:", {C.HOST_NAME, C.USER_NAME}),
    ("k.osei@gpu7:x", {C.HOST_NAME, C.USER_NAME}),
    ("events.out.tfevents.1700000000.icu-gpu-3.0", {C.TIMESTAMP, C.HOST_NAME}),
    ("runs/Nov27_22-21-40_icu-gpu-3", {C.TIMESTAMP, C.HOST_NAME}),
    ('"username": "asmith"', {C.USER_NAME}),
    ("patient_name\x1fJane Q Public", {C.USER_NAME}),
    ("Contact jane.doe+icu@trust.nhs.uk today", {C.EMAIL}),
    ("<a@b-c.de>", {C.EMAIL}),
    ("dob: 1950-02-28", {C.DATE}),
    ("born 28/02/1950", {C.DATE}),
    ("28.02.1950", {C.DATE}),
    ("seen on 3 Mar 2021", {C.DATE}),
    ("March 3, 2021", {C.DATE}),
    ("PatientBirthDate: 19500228", {C.DATE}),
    ("birth_date\x1f1950-02-28T00:00:00", {C.DATE}),
    ("2026-11-27T22:21:40Z", {C.TIMESTAMP}),
    ("created: 2026-11-27", {C.TIMESTAMP}),
    ("created_at\x1f1732740000.25", {C.TIMESTAMP}),
    ("timestamp=1732740000123", {C.TIMESTAMP}),
    ("run-20240101_120000-abc", {C.TIMESTAMP}),
    ("943 476 5919", {C.NHS_NUMBER}),
    ("NHS number: 9434765919", {C.NHS_NUMBER}),
    ("nhs_number\x1f4010232137", {C.NHS_NUMBER}),
    ("401-023-2137", {C.NHS_NUMBER}),
    ("MRN: 00483921", {C.RECORD_NUMBER}),
    ("seen as hospital no 8511015 in", {C.RECORD_NUMBER}),
    ("patient 9434765919", {C.NHS_NUMBER}),
    ("/vol01/icu/run", {C.ABSOLUTE_PATH}),
    ("patient_id\x1fP-004839", {C.RECORD_NUMBER}),
    ('"accession_number": "A12345678"', {C.RECORD_NUMBER}),
    ("ssn=078-05-1120", {C.RECORD_NUMBER}),
    ("GB82 WEST 1234 5698 7654 32", {C.IBAN}),
    ("DE89370400440532013000", {C.IBAN}),
    ("+44 7700 900123", {C.PHONE}),
    ("phone\x1f07700900123", {C.PHONE}),
    ("call 07700 900123", {C.PHONE}),
    ("020 7946 0958", {C.PHONE}),
    ("(212) 555-0143", {C.PHONE}),
    ("AKIAIOSFODNN7EXAMPLE", {C.SECRET}),
    ("ghp_" + "a1B2" * 9, {C.SECRET}),
    ("hf_" + "abcDEFghij" * 3 + "abcd", {C.SECRET}),
    ("xoxb-123456789012-abcdefABCDEF", {C.SECRET}),
    ("-----BEGIN RSA PRIVATE KEY-----", {C.SECRET}),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r", {C.SECRET}),
    ("password: hunter22", {C.SECRET}),
    ("db_password\x1fcorrect horse", {C.SECRET}),
    ('"api_key": "k3y-9f8e7d6c"', {C.SECRET}),
    ("token\x1f9f8e7d6c5b4a39281706f5e4d3c2b1a0", {C.SECRET}),
    ("Authorization: Bearer 9f8e7d6c5b4a39281706f5e4d3c2b1a0", {C.SECRET}),
    ("git_commit: 3f2a9bc", {C.COMMIT_ID}),
    ("_commit_hash\x1f" + "0f1e2d3c4b" * 4, {C.COMMIT_ID}),
]


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text[:40] for text, _ in FOUND])
def test_found(text, expected):
    assert channels(text) == expected


QUIET = [
    *("model.layers.0.self_attn.q_proj.weight", "layers.0.weight", "train/loss", "and/or", "a/b/c", "2.13.0+cpu"),
    *("/layers.0/attn/MatMul_output_0", "/conv1/Conv_output_0", "/model/encoder/Add", "/v1/models", "//", "/"),
    *("~/data", "./data/x.csv", "../run", "data/train.csv", "/dev/null", "https://huggingface.co/org/model"),
    *("https://github.com/a/b.git", "git@github.com:a/b.git", "org/model@3f2a9bc", "pkg@v1.2.3", "@torch.no_grad"),
    *("threading.local", "torch.distributed.local", "127.0.0.1", "localhost", "host: localhost", "version: 10.2.89.1"),
    *("icon@2x.png", "user@example.com", "1.2.2003", "12.4.1", "v2024-01-15", "version: 2024-01-15"),
    *("gpt-4o-2024-08-06", "2024-02-30", "31/02/2024", "epoch=3-step=1740", "lr=0.001", "1e-08", "0.9434765919"),
    *("step: 9434765919", "9434765918", "4010232136", "num_params: 4010232137", "1700000000", "global_step=1732740000"),
    *(
        "patient_id: 3",
        "record 12",
        "patient 12",
        "case 2024",
        "study_id: 12",
        "seed: 12345678",
        "GB82 WEST 1234 5698 7654 33",
    ),
    *("DE89370400440532013001", "AB12CDEF", "+12345678 + x", "1e+10000000", "call +99999", "07700", "0123456789012345"),
    *("pad_token: [PAD]", "bos_token: <|begin_of_text|>", "eos_token_id: 50256", "max_tokens: 512", "token_type: x"),
    *(
        "password: None",
        "password: ${DB_PASSWORD}",
        "api_key: your_key_here",
        "secret: ***",
        "signature: (x, y) -> z",
        "credentials: ~/x.json",
        "use_auth_token: True",
    ),
    *("tokenizer: gpt2", "license_key: LicenseRef-scancode-w3c-software-2023", "https://docs.clinic.de/api", "ip=ip"),
    *(
        "prev_node_name: linear1",
        "users=MULTIPLE",
        "run_user_name=run_user_name",
        "file://../src",
        "API_TOKEN: GITHUB_TOKEN",
    ),
    *("AKIA", "hf_transfer", "sk-learn", "revision: main", "commit: fix", "sha: 2024001"),
    *("user: Hello, how are you?", "username: root", "/home/ubuntu", "timeout: 1732740000", "runtime: 3600"),
    *("sha256:9434765919ab", "uuid 01234567-89ab-cdef-0123-456789abcdef", "Marker May", "exp_avg_sq", "F8_E4M3"),
    *("ModelCheckpoint{'monitor': 'val_loss'}", "cuda:0", "GPT2LMHeadModel", "relu", "[UNK]", "Ġthe", "##ing"),
]


@pytest.mark.parametrize("text", QUIET)
def test_quiet(text):
    personal = channels(text) - ({C.ABSOLUTE_PATH} if text.startswith("/home/ubuntu") else set())
    assert personal == set(), scan(text).hits


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("9434765919", True),
        ("4010232137", True),
        ("9434765918", False),
        ("4010232136", False),
        ("0101010101", False),
        ("3112000006", False),
        ("1700000000", False),
        ("943476591", False),
        ("94347659190", False),
        ("94347x5919", False),
        ("٩٤٣٤٧٦٥٩١٩", False),
    ],
)
def test_nhs_number(digits, valid):
    assert is_nhs_number(digits) is valid


@given(st.integers(400_000_000, 499_999_999))
def test_of_ten_numbers_with_the_same_beginning_at_most_one_is_an_nhs_number(first):
    good = [end for end in range(10) if is_nhs_number(f"{first}{end}")]
    total = sum(int(digit) * weight for digit, weight in zip(str(first), range(10, 1, -1), strict=True))
    assert len(good) == (0 if 11 - total % 11 == 10 else 1)


@given(st.integers(400_000_000, 499_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_never_an_nhs_number(first, at, change):
    digits = next((f"{first}{end}" for end in range(10) if is_nhs_number(f"{first}{end}")), None)
    if digits and digits[0] == "4" and at > 0:
        wrong = digits[:at] + str((int(digits[at]) + change) % 10) + digits[at + 1 :]
        assert not is_nhs_number(wrong)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("GB82WEST12345698765432", True),
        ("DE89370400440532013000", True),
        ("FR1420041010050500013M02606", True),
        ("NO9386011117947", True),
        ("GB82WEST12345698765433", False),
        ("GB82WEST1234569876543", False),
        ("ZZ82WEST12345698765432", False),
        ("gb82west12345698765432", False),
    ],
)
def test_iban(text, valid):
    assert is_iban(text) is valid


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        ((2024, 2, 29), True),
        ((2023, 2, 29), False),
        ((1899, 1, 1), False),
        ((2101, 1, 1), False),
        ((2000, 13, 1), False),
    ],
)
def test_day(day, valid):
    assert is_day(*day) is valid


def test_random_values_are_told_from_words():
    assert is_random("9f8e7d6c5b4a39281706f5e4")
    assert is_random("annfQGJrHxAHQARLlc7PVuJPczCndQb6")
    assert not is_random("tokenizer-fast-version-2")
    assert not is_random("LicenseRef-scancode-w3c-software-2023")
    assert not is_random("a" * 40 + "1")
    assert entropy("abcd") == 2.0


PRIVATE = [
    ("/home/alice/hospital_A/ckpt/last.ckpt", ("alice", "hospital", "last")),
    ("C:\\Users\\carol\\cohort.csv", ("carol", "cohort")),
    ("jane.doe@trust.nhs.uk", ("jane", "doe", "trust")),
    ("943 476 5919", ("943", "476", "5919")),
    ("NHS number: 9434765919", ("943476",)),
    ("MRN: 00483921", ("004839",)),
    ("GB82 WEST 1234 5698 7654 32", ("WEST", "1234", "5698")),
    ("+44 7700 900123", ("7700", "9001")),
    ("dob: 1950-02-28", ("1950", "02", "28")),
    ("password: hunter22", ("hunter", "22")),
    ("ghp_" + "a1B2" * 9, ("a1B2",)),
    ("postgresql://bob:hunter22@db7/records", ("bob", "hunter", "db7")),
    ("hostname=icu-gpu-3", ("icu", "gpu")),
    ("\\\\ward7-nas\\exports\\2024", ("ward7", "exports")),
    ("username: asmith", ("asmith",)),
    ("git_commit: 3f2a9bc1", ("9bc1",)),
    ("events.out.tfevents.1700000000.icu-gpu-3.0", ("00000000", "icu")),
]


@pytest.mark.parametrize(("text", "never"), PRIVATE, ids=[text[:30] for text, _ in PRIVATE])
def test_nothing_is_repeated_in_full(text, never):
    shown = "".join(hit.masked for hit in scan(text).hits)
    assert shown
    assert [piece for piece in never if piece in shown] == []
    assert [piece for piece in never if piece in masked(text)] == []


def test_the_text_around_a_find_stays_as_it_was():
    assert masked("before jane.doe@trust.nhs.uk after") == "before j…@….uk after"
    assert masked("model.layers.0.weight") == "model.layers.0.weight"
    assert masked_place(("callbacks", "/home/alice/x.ckpt", "score"), 600) == "callbacks./home/a…/x….ckpt.score"


def test_pool_tells_where_a_text_stands_and_stops_at_its_cap():
    pool = Pool(40)
    pool.add("first", PartKind.OTHER, ("a",))
    pool.add("second", PartKind.CALLBACKS, ("b", "c"), "label")
    text = pool.text()
    assert pool.entry_at(text.index("second")).place == ("b", "c")
    assert pool.entry_at(text.index("first")).kind is PartKind.OTHER
    assert label_before(text, text.index("second")) == "label"
    pool.add("x" * 100, PartKind.OTHER, ())
    assert pool.full
    assert len(pool.text()) <= 40


def test_no_find_crosses_from_one_text_to_the_next():
    pool = Pool(1000)
    for piece in ("/home/al", "ice/x", "a@b", "c.de", "password", "hunter22"):
        pool.add(piece, PartKind.OTHER, ())
    assert {hit.channel for hit in scan(pool.text()).hits} == {C.ABSOLUTE_PATH, C.USER_NAME}


def test_a_text_with_the_marks_of_the_pool_cannot_pose_as_label_and_value():
    pool = Pool(1000)
    pool.add("password\x1fhunter22\x00x", PartKind.OTHER, ())
    assert scan(pool.text()).hits == []


@given(st.text(max_size=300))
def test_any_text_is_read_and_masked(text):
    for hit in scan(text).hits:
        assert 0 <= hit.start < hit.end <= len(text)
        assert hit.masked != text[hit.start : hit.end]
    assert isinstance(masked(text), str)


@given(st.lists(st.sampled_from([text for text, _ in FOUND]), min_size=1, max_size=6))
def test_texts_are_found_wherever_they_stand(texts):
    expected = set().union(*(found for text, found in FOUND if text in texts))
    assert channels("\x00".join(texts)) == expected


PIECES = [
    *("a", "1", "2", "/a", "1 ", "a@", "a.", "=a", "+1 ", "2024-01-", "AKIA", "\\\\a", "C:\\a", "a://b ", "eyJ", "A0"),
    *("password=", "AB12 CDEF ", "(020) 123-4", "x@x.xx ", "nhs: ", "9434765919 ", "/home/a ", "user=bob "),
    "12 Jan 2020 ",
    *("2024-01-01 ", "10.1.1.1 ", "a.local ", "DE89370400440532013000 ", "+447700900123,", "ghp_", "-----BEGIN "),
]


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_the_text_and_no_faster(piece):
    """A small part of the cap, enough for a slow pattern to show; the whole cap is measured in bench/."""
    text = piece * (2**18 // len(piece))
    with ends():
        scan(text)


def test_two_mebibytes_of_everything_at_once():
    source = random.Random(1)  # noqa: S311 the same text each time
    text = "".join(source.choice([*PIECES, *(t for t, _ in FOUND), *QUIET, " ", "\n", "\x00"]) for _ in range(5_000))
    text *= max(1, 2 * 2**20 // len(text))
    with ends():
        found = scan(text)
    assert max(sum(1 for hit in found.hits if hit.channel is channel) for channel in Channel) <= 4 * MAX_HITS


def test_a_flood_of_finds_is_cut_and_told():
    found = scan("/home/alice/x " * (MAX_HITS + 5))
    assert found.stopped == ["path"]
    assert sum(hit.channel is C.ABSOLUTE_PATH for hit in found.hits) <= MAX_HITS


def test_recognisers_have_names_of_their_own_or_share_one_on_purpose():
    names = [recogniser.name for recogniser in RECOGNISERS]
    assert sorted({name for name in names if names.count(name) > 1}) == ["GitHub token"]
