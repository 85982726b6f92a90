"""What must outlive the process: alerts and their history, the index of calls, tension curves and the audit log."""
