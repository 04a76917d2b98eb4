"""Arguments and values that scikit-learn had from 0.17 on and has no more.

Names, defaults and versions were read off the constructors of each minor release from 0.18 to 1.9, the values off the
release notes of those versions. The version is the first one without.
"""

import math

from triglot.bygone.row import ANY, Gone, Idle, Respelt

_TREES = "DecisionTree{0} ExtraTree{0}"
_FORESTS = "RandomForest{0} ExtraTrees{0}"
_BOOSTED = "GradientBoostingClassifier GradientBoostingRegressor"
_CLASSIFIERS = f"{_TREES} {_FORESTS}".format("Classifier")
_REGRESSORS = f"{_TREES} {_FORESTS}".format("Regressor")
_LINEAR = (
    "ARDRegression BayesianRidge ElasticNet ElasticNetCV Lasso LassoCV LinearRegression MultiTaskElasticNet "
    "MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV Ridge RidgeClassifier RidgeClassifierCV RidgeCV"
)
_ANGLES = "Lars LarsCV LassoLars LassoLarsCV LassoLarsIC OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV"
_STEPS = "PassiveAggressiveClassifier PassiveAggressiveRegressor Perceptron SGDClassifier SGDRegressor"
_ENSEMBLES = (
    "AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor CalibratedClassifierCV "
    "SelfTrainingClassifier"
)
_SEARCHES = "GridSearchCV RandomizedSearchCV"
_SPLITTERS = "KFold StratifiedKFold LeaveOneOut LeavePOut ShuffleSplit StratifiedShuffleSplit"
_SCALE = "put sklearn.preprocessing.StandardScaler before the model in a pipeline"

GONE = (
    Gone(
        "1.8",
        "multi_class",
        "LogisticRegression LogisticRegressionCV",
        "for 'ovr' wrap the model in sklearn.multiclass.OneVsRestClassifier",
        same=("auto", "warn", "multinomial"),
    ),
    Gone("1.8", "algorithm", "AdaBoostClassifier", "'SAMME' is all there is", same=("SAMME.R", "SAMME")),
    Gone("1.2", "normalize", _LINEAR, _SCALE, same=(False,)),
    Gone("1.4", "normalize", _ANGLES, _SCALE, same=(False,)),
    Gone(
        "1.0",
        "min_impurity_split",
        f"{_CLASSIFIERS} {_REGRESSORS} {_BOOSTED} RandomTreesEmbedding",
        "write 'min_impurity_decrease'",
        same=(None, 1e-7),
    ),
    Gone("0.24", "presort", f"DecisionTreeClassifier DecisionTreeRegressor {_BOOSTED}", "leave it out", same=ANY),
    Gone("1.4", "base_estimator", f"{_ENSEMBLES} ClassifierChain RegressorChain", "", today="estimator"),
    Gone("1.3", "base_estimator", "RANSACRegressor", "", today="estimator"),
    Gone("1.4", "affinity", "AgglomerativeClustering FeatureAgglomeration", "", today="metric"),
    Gone("0.22", "pooling_func", "AgglomerativeClustering", "leave it out", same=ANY),
    Gone("0.24", "iid", _SEARCHES, "leave it out", same=ANY),
    Gone("0.21", "fit_params", _SEARCHES, "give what they say to the model itself", same=(None,)),
    Gone("1.0", "n_jobs", "KMeans SpectralBiclustering SpectralCoclustering", "leave it out", same=ANY),
    Gone("1.0", "precompute_distances", "KMeans", "leave it out", same=ANY),
    Gone("0.24", "behaviour", "IsolationForest", "write 'contamination'", same=("old", "new")),
    Gone("0.22", "random_state", "OneClassSVM", "leave it out", same=ANY),
    Gone("0.22", "positive", "Lars LarsCV", "use LassoLars", same=(False,)),
    Gone("1.8", "copy", "Birch", "leave it out", same=ANY),
    Gone("1.8", "copy_X", "TheilSenRegressor", "leave it out", same=ANY),
    Gone("0.21", "n_iter", _STEPS, "write 'max_iter', with 'tol': None for exactly so many", same=(None,)),
    Gone("1.5", "n_iter", "ARDRegression BayesianRidge", "", today="max_iter"),
    Gone("1.7", "n_iter", "TSNE", "", today="max_iter"),
    Gone("1.4", "n_iter", "MiniBatchDictionaryLearning MiniBatchSparsePCA", "write 'max_iter', which counts passes"),
    Gone("1.3", "square_distances", "TSNE", "scale 'perplexity' anew", same=(True, "legacy")),
    Gone("1.9", "n_alphas", "ElasticNetCV LassoCV MultiTaskElasticNetCV MultiTaskLassoCV", "", today="alphas"),
    Gone("0.21", "n_topics", "LatentDirichletAllocation", "", today="n_components"),
    Gone("0.21", "alpha", "LabelPropagation", "leave it out", same=ANY),
    Gone("1.2", "alpha", "NMF", "write 'alpha_W' and 'alpha_H'", same=(0.0, 0)),
    Gone("1.2", "regularization", "NMF", "write 'alpha_W' or 'alpha_H'", same=("both",)),
    Gone("0.24", "normalize_components", "MiniBatchSparsePCA SparsePCA", "leave it out", same=ANY),
    Gone("0.22", "pass_y", "FunctionTransformer", "write a transformer class, whose fit gets y", same=(False,)),
    Gone("0.21", "non_negative", "FeatureHasher HashingVectorizer", "write 'alternate_sign': False", same=(False,)),
    Gone("0.22", "n_values", "OneHotEncoder", "write 'categories'", same=("auto", None)),
    Gone("0.22", "categorical_features", "OneHotEncoder", "use a ColumnTransformer", same=("all", None)),
    Gone("1.4", "sparse", "OneHotEncoder", "", today="sparse_output"),
    Gone("1.3", "verbose", "SimpleImputer", "leave it out", same=ANY),
    Gone("0.22", "axis", "SimpleImputer", "put a FunctionTransformer for rows in front", same=(0,)),
    Gone("0.20", "residual_metric", "RANSACRegressor", "write 'loss'", same=(None,)),
    Gone("0.21", "store_covariances", "QuadraticDiscriminantAnalysis", "", today="store_covariance"),
    Gone("1.7", "store_cv_values", "RidgeCV RidgeClassifierCV", "", today="store_cv_results"),
    Gone("1.9", "force_int_remainder_cols", "ColumnTransformer", "leave it out", same=ANY),
    Gone("0.20", "n", _SPLITTERS, "leave it out", same=ANY),
    Gone("0.20", "y", _SPLITTERS, "leave it out", same=ANY),
    Gone("0.20", "n_folds", _SPLITTERS, "", today="n_splits"),
    Gone("0.20", "n_iter", _SPLITTERS, "", today="n_splits"),
)

IDLE = (Idle("0.24", "random_state", "KFold StratifiedKFold", "shuffle"),)

_SQUARED = {"mse": "squared_error", "mae": "absolute_error"}
RESPELT = (
    Respelt("1.3", "loss", "GradientBoostingClassifier", {"deviance": "log_loss"}),
    Respelt("1.2", "loss", "GradientBoostingRegressor", {"ls": "squared_error", "lad": "absolute_error"}),
    Respelt(
        "1.3",
        "loss",
        "HistGradientBoostingClassifier",
        dict.fromkeys(("auto", "binary_crossentropy", "categorical_crossentropy"), "log_loss"),
    ),
    Respelt(
        "1.2",
        "loss",
        "HistGradientBoostingRegressor",
        {"least_squares": "squared_error", "least_absolute_deviation": "absolute_error"},
    ),
    Respelt("1.3", "loss", "SGDClassifier", {"log": "log_loss", "squared_loss": "squared_error"}),
    Respelt("1.2", "loss", "SGDRegressor", {"squared_loss": "squared_error"}),
    Respelt("1.2", "loss", "RANSACRegressor", {"absolute_loss": "absolute_error", "squared_loss": "squared_error"}),
    Respelt("1.2", "criterion", f"{_REGRESSORS} {_BOOSTED}", _SQUARED),
    Respelt("1.3", "max_features", _CLASSIFIERS, {"auto": "sqrt"}),
    Respelt("1.3", "max_features", _FORESTS.format("Regressor"), {"auto": 1.0}),
    Respelt("1.3", "max_features", f"{_TREES.format('Regressor')} {_BOOSTED}", {"auto": None}),
    Respelt("1.4", "penalty", "LogisticRegression Perceptron SGDClassifier SGDRegressor", {"none": None}),
    Respelt("0.22", "missing_values", "SimpleImputer", {"NaN": math.nan}),
)

_CHOOSING = "sklearn.model_selection"
MODULES = {  # former module -> today's, both of which hold the same names
    "sklearn.grid_search": ("0.20", _CHOOSING),
    "sklearn.cross_validation": ("0.20", _CHOOSING),
    "sklearn.learning_curve": ("0.20", _CHOOSING),
    "sklearn.metrics.scorer": ("0.24", "sklearn.metrics"),
    "sklearn.externals.joblib": ("0.23", "joblib"),
}
NAMES = {
    "sklearn.preprocessing.Imputer": ("0.22", "sklearn.impute.SimpleImputer"),
    "sklearn.preprocessing.imputation.Imputer": ("0.22", "sklearn.impute.SimpleImputer"),
    "sklearn.lda.LDA": ("0.19", "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"),
    "sklearn.qda.QDA": ("0.19", "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis"),
    "sklearn.covariance.GraphLasso": ("0.22", "sklearn.covariance.GraphicalLasso"),
    "sklearn.covariance.GraphLassoCV": ("0.22", "sklearn.covariance.GraphicalLassoCV"),
    "sklearn.cross_validation.LabelKFold": ("0.20", "sklearn.model_selection.GroupKFold"),
    "sklearn.cross_validation.LabelShuffleSplit": ("0.20", "sklearn.model_selection.GroupShuffleSplit"),
    "sklearn.cross_validation.LeaveOneLabelOut": ("0.20", "sklearn.model_selection.LeaveOneGroupOut"),
    "sklearn.cross_validation.LeavePLabelOut": ("0.20", "sklearn.model_selection.LeavePGroupsOut"),
}
SCORERS = {  # they were negative under these names, too
    name: f"neg_{name}" for name in ("mean_squared_error", "mean_absolute_error", "median_absolute_error", "log_loss")
}
