"""What `rossi up` starts on a machine: database, server, flows, pages."""
