"""Assistant mode, proven: searches compared on drawn photos, and what the default gives away and keeps."""
