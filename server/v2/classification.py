"""The classification extension: of each row the best classes, as text that has the share, the place and the class."""

import numpy as np

from triglot.tables.labels import Labels
from triglot.tables.table import Array


def best(shares: Array, labels: Labels, count: int) -> list[str]:
    """Return `SHARE:PLACE:CLASS` of so many classes a row, the best first; of equals that with the lower place."""
    places = np.argsort(-shares, axis=1, kind="stable")[:, :count]
    chosen = np.take_along_axis(shares, places, axis=1)
    texts = labels.texts
    pairs = zip(chosen.ravel().tolist(), places.ravel().tolist(), strict=True)
    return [f"{share:.6f}:{place}:{texts[place]}" for share, place in pairs]
