"""Step 1 of preparing a release: upload, and what each file was recognised as."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.numbers import size
from components.prepare_words import RENEW, key_for, renew, save, show_refusal, watch
from components.session import actor, desk
from components.table import table
from components.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from exeat.prepare.views import Prepared

MOST_LINES = 30
_MB = 2**20
"""What Streamlit counts as a megabyte."""


def show_files(view: Prepared) -> None:
    """Draw the uploads, what each is, and what was refused with the reason."""
    st.header("1 Files", anchor="files")
    st.write(
        "The model file, and whatever describes or measures it: model card, MLflow run, ML-BOM, attack and scan "
        "reports. Nothing is opened by running it; nothing leaves this draft before you submit."
    )
    _upload(view)
    for one in view.draft.refused:
        st.error(f"**{plain(one.name, 120)}** was not kept. {plain(one.sentence)} {plain(one.what_to_do)}")
    if view.draft.refused:
        st.button("Clear these notes", key=key_for(view.draft.id, "clear"), on_click=_clear, args=(view.draft.id,))
    if view.draft.files:
        _list(view)
        for seen in view.found.seen:
            if seen.sentence:
                st.warning(
                    f"**{plain(seen.file.name, 120)}** is not used. {plain(seen.sentence)} {plain(seen.what_to_do)}",
                    icon=":material/block:",
                )
        for file, error in view.tied.refused:
            st.warning(f"**{plain(file.name, 120)}** is not used. {plain(error)}", icon=":material/block:")
        _remove(view)


def _list(view: Prepared) -> None:
    """Draw a few files as lines, which a narrow screen wraps; many as a table."""
    if len(view.found.seen) > MOST_LINES:
        table(files_table(view), "The files of this draft and what each was recognised as")
        return
    for row in files_table(view).to_dict("records"):
        mark = ":material/check:" if row["Used"] == "yes" else ":material/block:"
        st.markdown(f"{mark} **{plain(row['File'], 160)}** {plain(row['Recognised as'])}, {plain(row['Size'])}")


def files_table(view: Prepared) -> pd.DataFrame:
    """Return each file with its size and what it is."""
    not_used = {file.sha256 for file, _ in view.tied.refused}
    return pd.DataFrame(
        [
            {
                "File": one_line(seen.file.name, 160),
                "Size": size(seen.file.bytes),
                "Recognised as": seen.title or "not used",
                "Used": "no" if seen.sentence or seen.file.sha256 in not_used else "yes",
            }
            for seen in view.found.seen
        ]
    )


def _upload(view: Prepared) -> None:
    draft_id = view.draft.id
    limit = max(1, math.ceil(desk().prepare.max_file_bytes / _MB))
    key = key_for(draft_id, "upload")
    watch(key, [], _keep, draft_id)
    st.file_uploader(
        "Add files",
        accept_multiple_files=True,
        max_upload_size=limit,
        key=key,
    )
    show_refusal(key)
    with st.expander("Add a whole folder", icon=":material/folder_open:"):
        folder = key_for(draft_id, "upload-folder")
        watch(folder, [], _keep, draft_id)
        st.file_uploader(
            "Add a folder from your machine",
            accept_multiple_files="directory",
            max_upload_size=limit,
            key=folder,
        )
        show_refusal(folder)


def _keep(draft_id: str, uploads: Sequence[UploadedFile] | None) -> str:
    """Keep what was uploaded and empty the uploader; the draft shows what became of each file."""
    files = [(inside(file.name), file.getvalue()) for file in uploads or ()]
    if files:
        desk().prepare.add_files(actor(), draft_id, files)
    return RENEW


def inside(name: str) -> str:
    """Return a name without the folder that was chosen: that folder is the checkpoint's own."""
    return name.partition("/")[2] or name


def _clear(draft_id: str) -> None:
    save(key_for(draft_id, "clear"), lambda: desk().prepare.forget_refused(actor(), draft_id))


def _remove(view: Prepared) -> None:
    draft_id = view.draft.id
    names = {file.sha256: file.name for file in view.draft.files}
    key = key_for(draft_id, "remove")
    with st.expander("Remove a file from the draft", icon=":material/delete:"):
        chosen = st.selectbox(
            "File to remove", list(names), index=None, format_func=lambda one: one_line(names[one], 120), key=key,
            placeholder="Choose",
        )  # fmt: skip
        off = chosen is None
        st.button("Remove it", key=f"{key}:do", disabled=off, on_click=_drop, args=(draft_id, key, chosen))
        if off:
            st.caption(":material/lock: Choose a file first.")
        show_refusal(key)


def _drop(draft_id: str, key: str, sha256: str) -> None:
    if save(key, lambda: desk().prepare.remove_file(actor(), draft_id, sha256)):
        renew(draft_id)
