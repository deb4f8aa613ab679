"""The one process that owns torch: started on demand, gone when idle, spoken to through two pipes."""
