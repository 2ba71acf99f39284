"""The model card beside each checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.samples.organisation import CONTACT, ORG, STORIES

if TYPE_CHECKING:
    from data.samples.specs import Spec


def card(spec: Spec) -> str:
    """Return a short model card in Markdown."""
    story = STORIES[spec.lineage]
    return f"""# {story.title}, version {spec.version}

{ORG}. Contact: {CONTACT}. Protection: {spec.protection}.

## Purpose
{story.purpose}

## Not for
{story.out_of_scope}

## Limits
{story.limitations}

## Data
{story.source_name} ({story.source_version}). The setting around the data set is made up for this sample.
"""
