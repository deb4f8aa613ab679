"""Protection methods: one method, one file, one paper."""
