"""Fast data of the PCA: configurations beside the standard ones, with pulses, a QPO or bursts that are known."""
