"""What Photoveil remembers: protected photos, paired clients, and the jobs in hand."""
