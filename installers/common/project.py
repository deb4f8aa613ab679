"""Who publishes Photoveil, as packages have to name it: the one place where a release sets it (docs/release.md)."""

HOMEPAGE = ""
"""The project's own page, an https address. While there is none, packages name none."""

MAINTAINER = "Photoveil maintainers <maintainers@photoveil.invalid>"
"""Debian packages cannot be without an address. One that ends in “.invalid” is nobody's, ever (RFC 2606)."""
