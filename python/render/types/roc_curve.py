"""ROC curve

True positives over false positives at every threshold, from generated points or from raw scores."""

source: str  # A path or pattern of CSV files
is_generated: bool = False  # The file has rows of fpr, tpr, threshold and no names
target_lambda: str = ""  # Python of one row that says whether it is positive
trueclass: str = "true"  # The value of the column `target` that is positive
true_score_column: str = "true"  # The column of the positive class's score

from render import roc

roc.show(source, is_generated, target_lambda, trueclass, true_score_column)
