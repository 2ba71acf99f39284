"""What is said of each leakage channel, and what to do about it. docs/leakage-channels.md says more."""

from __future__ import annotations

from typing import NamedTuple

from exeat.model.inspection import Channel

MINIMISE = "exeat minimise keeps the weights without it."


class Words(NamedTuple):
    """``one`` and ``many`` name the find, ``why`` says what it gives away, ``remedy`` what to do."""

    one: str
    many: str
    why: str
    remedy: str


WORDS = {
    Channel.ABSOLUTE_PATH: Words(
        "absolute path",
        "absolute paths",
        "they tell where data and code lay, often with the names of projects, sites and people",
        f"Save names relative to the project, or leave them out; {MINIMISE}",
    ),
    Channel.USER_NAME: Words(
        "user or person's name",
        "user or persons' names",
        "they say who ran the training or whose data it was",
        f"Leave names and home folders out; {MINIMISE}",
    ),
    Channel.HOST_NAME: Words(
        "host name",
        "host names",
        "they describe the inside of your network to whoever wants to enter it",
        f"Leave names of machines out; {MINIMISE}",
    ),
    Channel.EMAIL: Words(
        "e-mail address",
        "e-mail addresses",
        "they identify people",
        f"Remove them, or use an address of the organisation; {MINIMISE}",
    ),
    Channel.DATE: Words(
        "date",
        "dates",
        "dates of birth, visits or scans single people out when they are combined",
        f"Remove them unless they only say when the work was done; {MINIMISE}",
    ),
    Channel.TIMESTAMP: Words(
        "timestamp",
        "timestamps",
        "they say when the training ran and allow it to be matched with access logs",
        f"Leave them out where nobody needs them; {MINIMISE}",
    ),
    Channel.NHS_NUMBER: Words(
        "NHS number",
        "NHS numbers",
        "each one identifies a patient; its check digit is right",
        "Do not release this file. Tell your information governance, find out how the numbers came in, minimise.",
    ),
    Channel.RECORD_NUMBER: Words(
        "record number",
        "record numbers",
        "numbers of patients, cases or records link the file to the people behind it",
        f"Remove them and what carried them; {MINIMISE}",
    ),
    Channel.IBAN: Words(
        "bank account number (IBAN)",
        "bank account numbers (IBAN)",
        "each one identifies an account holder",
        f"Remove them and what carried them; {MINIMISE}",
    ),
    Channel.PHONE: Words(
        "telephone number",
        "telephone numbers",
        "they identify people",
        f"Remove them and what carried them; {MINIMISE}",
    ),
    Channel.SECRET: Words(
        "password, key or token",
        "passwords, keys or tokens",
        "whoever has the file can use them",
        f"Revoke and replace them now: copies of this file may exist. Then save again without them; {MINIMISE}",
    ),
    Channel.COMMIT_ID: Words(
        "commit id",
        "commit ids",
        "they tie the file to a state of your code, also where that code is private",
        f"Keep them in the manifest instead, where you decide who reads them; {MINIMISE}",
    ),
    Channel.MEMBER_INDICES: Words(
        "entry that says which records were used",
        "entries that say which records were used",
        "whoever holds the data set can read off who was in the training data, without any attack",
        f"Keep the split with the data, not with the model; {MINIMISE}",
    ),
    Channel.OPTIMIZER_STATE: Words(
        "tensor of an optimizer",
        "tensors of an optimizer",
        "moments average the gradients of training records and make reconstruction and membership inference easier",
        f"Release the weights alone unless training has to go on; {MINIMISE}",
    ),
    Channel.RNG_STATE: Words(
        "state of a random generator",
        "states of random generators",
        "it replays the order of the records, the split and the noise that differential privacy rests on",
        f"Leave it out; {MINIMISE}",
    ),
    Channel.RECORD_LIKE_TENSOR: Words(
        "row of a tensor that can be records",
        "rows of tensors that can be records",
        "data, or one value for each record, may be in the file as it is",
        f"Look at the tensor; if its rows are records, take it out; {MINIMISE}",
    ),
    Channel.EMBEDDED_TEXT: Words(
        "long text",
        "long texts",
        "free text can quote records and nobody has read it for you",
        f"Read it before release, or leave it out; {MINIMISE}",
    ),
    Channel.UNLISTED_MEMBER: Words(
        "member that no part of the checkpoint uses",
        "members that no part of the checkpoint uses",
        "loaders ignore them, so they travel unseen",
        f"Take them out; {MINIMISE}",
    ),
    Channel.TRAILING_BYTES: Words(
        "byte that nothing shows",
        "bytes that nothing shows",
        "they travel unseen: behind the end of the format, or in the storage of a slice, which torch.save writes whole",
        f"Save clones of slices (tensor.clone()); {MINIMISE}",
    ),
    Channel.COMPRESSION_BOMB: Words(
        "compressed member out of proportion",
        "compressed members out of proportion",
        "it fills the memory of whoever opens it, and what it unpacks to was not looked at",
        "Save the checkpoint again from its origin, without compression.",
    ),
}
