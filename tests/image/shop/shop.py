"""The shop's model in Python, which needs what requirements.txt and python_packages/ name."""

import inflection
import shop_tools
from sklearn.linear_model import LogisticRegression

assert inflection.underscore("IrisShop") == "iris_shop"


class Classifier(LogisticRegression):
    """A logistic regression with as many steps as the shop says."""

    def __init__(self, max_iter: int = shop_tools.MAX_ITER) -> None:
        super().__init__(max_iter=max_iter)
