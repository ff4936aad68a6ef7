"""uvloop's tests of TCP name pyOpenSSL, a C extension, when they are imported; one of them uses it."""

SSL = None
