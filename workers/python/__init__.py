"""scikit-learn estimators, natively."""
