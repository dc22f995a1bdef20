"""What runs when, and for whom: configuration, the command ``rossi``, and the flows of Prefect."""

import os

# Prefect reports its use unless told not to, and looks as soon as it is imported, which is after this.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# Prefect's newer pages ask a service of usage statistics, whatever the settings say.
os.environ.setdefault("PREFECT_SERVER_UI_V2_ENABLED", "false")
# Its catalogue of blocks has logos from elsewhere; those that rossi uses are known without it.
os.environ.setdefault("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "false")
