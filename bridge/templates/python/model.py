"""A logistic regression over squares, as a pipeline of scikit-learn."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def pipeline(degree: int = 2, C: float = 1.0) -> Pipeline:
    """Return the unfitted model: the best beans are neither pale nor burnt, so that squares are needed."""
    return make_pipeline(StandardScaler(), PolynomialFeatures(degree), LogisticRegression(C=C, max_iter=1_000))
