"""What the sample organisation says about its three lineages: purposes, data sources, people, offices."""

from __future__ import annotations

from dataclasses import dataclass

ORG = "Northmoor Registry Trust (sample organisation, made up)"
CONTACT = "model-release@northmoor.example"
CUSTODIAN = "Northmoor model custody office"
AUDIT_AUTHOR = "Northmoor model audit group"


@dataclass(frozen=True, slots=True)
class Story:
    """The text of one lineage. The data sets are real and public; the setting around them is made up."""

    title: str
    purpose: str
    out_of_scope: str
    limitations: str
    task: str
    inputs: str
    outputs: str
    source_id: str
    source_name: str
    source_version: str
    period: str
    sensitivity: tuple[str, ...]
    approval: str
    team: tuple[str, ...]
    attribute: str


STORIES: dict[str, Story] = {
    "onco": Story(
        title="Breast mass: benign or malignant",
        purpose="Supports research on how cell-nucleus measurements from fine-needle aspirates separate benign from "
        "malignant breast masses, and lets partner registries compare their own case mix with ours.",
        out_of_scope="Diagnosis or triage of any patient; populations outside the source hospital; imaging input.",
        limitations="One hospital, 569 cases, measurements of the early 1990s; sites and ethnicity are not recorded.",
        task="binary classification",
        inputs="30 measurements of cell nuclei",
        outputs="2 logits: malignant, benign",
        source_id="wdbc",
        source_name="Breast Cancer Wisconsin (Diagnostic), as bundled with scikit-learn",
        source_version="UCI 1995",
        period="1989 to 1991",
        sensitivity=("personal", "special_category"),
        approval="NRT-2026-014",
        team=("submitter-1",),
        attribute="mean radius in three bands",
    ),
    "glyco": Story(
        title="Diabetes progression after one year",
        purpose="Supports research on which baseline measurements go with faster disease progression within one year, "
        "so that follow-up studies can plan their sample size and strata.",
        out_of_scope="Individual prognosis, insurance or employment decisions; children; type-specific treatment.",
        limitations="442 patients, progression cut at the median; blood measurements are standardised at the source.",
        task="binary classification",
        inputs="10 baseline measurements",
        outputs="2 logits: slower, faster progression",
        source_id="diabetes",
        source_name="Diabetes study of Efron et al. (2004), as bundled with scikit-learn",
        source_version="LARS 2004",
        period="before 2004",
        sensitivity=("personal", "special_category"),
        approval="NRT-2026-022",
        team=("submitter-2",),
        attribute="sex as coded at the source",
    ),
    "digits": Story(
        title="Handwritten digits of the paper forms",
        purpose="Reads single handwritten digits from scanned paper forms, so that sites without a vendor contract can "
        "digitise questionnaires; handwriting is personal data here.",
        out_of_scope="Identification of writers, signatures, free text; languages with other digit shapes.",
        limitations="8 by 8 pixels, 13 writers in the test part of the source; writers are not marked in the file, so "
        "the number of persons is an upper bound taken from the documentation.",
        task="10-class classification",
        inputs="64 pixel intensities",
        outputs="10 logits",
        source_id="optdigits",
        source_name="Optical recognition of handwritten digits (test part), as bundled with scikit-learn",
        source_version="UCI 1998",
        period="before 1998",
        sensitivity=("personal",),
        approval="NRT-2025-107",
        team=("submitter-2", "submitter-1"),
        attribute="ink in one central pixel in three bands",
    ),
}
