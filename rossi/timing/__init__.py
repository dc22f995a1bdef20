"""Fast timing: configurations of the PCA, GoodXenon words, barycentre, event lists and fast light curves."""
