"""Energies of channels and responses, of the PCA and HEXTE: arrays and calibration tables in, arrays and files out."""
