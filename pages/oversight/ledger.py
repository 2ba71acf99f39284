"""The ledger: every statement as a sentence, the proof that none was changed, receipts and export."""

import streamlit as st

from components.feedback import or_stop
from components.oversight_ledger import (
    PAGE_ROWS,
    SHEET,
    ask_entry,
    ask_search,
    show_entry,
    show_head,
    show_page,
    show_verification,
)
from components.page import page_title
from components.paging import page_number
from components.session import actor, desk

who = or_stop(actor)
size = or_stop(lambda: desk().ledger_view.size(who))
last = f"; the newest was written {size.newest:%Y-%m-%d %H:%M} UTC" if size.newest else ""
page_title("Ledger", f"The log holds {size.entries:,} entries{last}.")
head = desk().ledger.head()
show_verification(head)

search = ask_search(or_stop(lambda: desk().ledger_view.kinds(who)))
page = or_stop(lambda: desk().ledger_view.page(who, search, page=page_number(SHEET), size=PAGE_ROWS))
show_page(page)
chosen = ask_entry(page)
if chosen is not None:
    show_entry(chosen)
show_head(head)
st.caption("Names are opened for stewards, custodians and auditors; others see the ids that stand in the log.")
