"""The tray, on a real X server with a real panel, and its pure parts."""
