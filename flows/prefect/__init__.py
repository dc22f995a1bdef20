"""Prefect at the edge: its forms, artifacts, progress, limits, and runs that are taken up again."""

#: Set while the server is this campaign's own: nobody else uses it.
OWN_SERVER = "ROSSI_OWN_SERVER"
