"""A campaign without Prefect: what is asked for, the plan, the processes, the result."""
