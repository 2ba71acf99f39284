"""PrivacyGuard's analysis of our scores: python bench/audit/guard_leg.py SCORES.npz. Prints one line of JSON.

Runs in PrivacyGuard's own environment and imports nothing of Exeat. It has no attack of the same kind that could be run
side by side (its LiRA takes scores of shadow models that somebody else trained), so its analysis gets our scores.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: Path) -> None:
    """Print area and epsilon as PrivacyGuard computes them."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from privacy_guard.analysis.base_analysis_input import (  # type: ignore[import-not-found]  # noqa: PLC0415
        BaseAnalysisInput,
    )
    from privacy_guard.analysis.mia.analysis_node import AnalysisNode  # type: ignore[import-not-found]  # noqa: PLC0415

    with np.load(path) as data:
        sides = [pd.DataFrame({"score": data[name]}) for name in ("members", "non_members")]
    found = AnalysisNode(
        analysis_input=BaseAnalysisInput(*sides), delta=1e-5, n_users_for_eval=len(sides[0])
    ).run_analysis()
    wanted = {name: getattr(found, name) for name in ("auc", "auc_ci", "eps", "eps_cp")}
    print(json.dumps({name: np.asarray(value).tolist() for name, value in wanted.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
