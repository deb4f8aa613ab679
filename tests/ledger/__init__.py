"""The ledger: database, protected photos, clients, jobs."""
