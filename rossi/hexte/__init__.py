"""HEXTE: rocking, dead time, net light curves and spectra."""
