"""Find out why the certificate of a PostgreSQL server is refused.

libpq says only that the verification failed. A second TLS handshake, which sends no user name and no
password, tells the reasons apart, so that an administrator reads what to change.
"""

from __future__ import annotations

import socket
import ssl
import struct

UNKNOWN = "The database has no trusted TLS connection. An administrator must check the certificates."
NO_TLS = "The database offers no TLS. An administrator must switch it on."
EXPIRED = "The certificate of the database has expired, or is not valid yet. An administrator must renew it."
OTHER_HOST = (
    "The certificate of the database is for another host name. An administrator must use a name in it."
)
UNTRUSTED = (
    "An unknown authority signed the certificate of the database. An administrator must add that authority."
)

_SSL_REQUEST = struct.pack(">ii", 8, 80877103)
"""The message that asks a PostgreSQL server for TLS. It answers S or N."""
_SECONDS = 5
_MESSAGES = {
    9: EXPIRED,
    10: EXPIRED,
    18: UNTRUSTED,
    19: UNTRUSTED,
    20: UNTRUSTED,
    21: UNTRUSTED,
    62: OTHER_HOST,
    64: OTHER_HOST,
}
"""The message for each of OpenSSL's results of a verification."""


def explain_tls_failure(host: str, port: int, ca_file: str) -> str:
    """Return why the server's certificate is refused, as a sentence for people."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
        # From 3.13 on, Python refuses authorities without a key identifier, which libpq accepts.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with socket.create_connection((host, port), timeout=_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return NO_TLS
            with context.wrap_socket(plain, server_hostname=host):
                return UNKNOWN
    except ssl.SSLCertVerificationError as error:
        return _MESSAGES.get(error.verify_code, UNKNOWN)
    except OSError:
        return UNKNOWN
