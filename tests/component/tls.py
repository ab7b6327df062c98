"""Certificates, and a TLS front for a PostgreSQL server that has no TLS of its own."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import SHUT_RDWR, create_connection, create_server, socket

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SSL_REQUEST = 80877103
NOW = datetime.now(UTC)


class Authority:
    """A certificate authority, such as a hospital's own."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = self._begin(self._name, self._key.public_key(), NOW + timedelta(days=365))
        self._certificate = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(self._key, SHA256())
        self.pem = self._certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, folder: Path, host: str, *, expires: datetime = NOW + timedelta(days=30)) -> Path:
        """Write a certificate for a host, with its key, and return the file."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        address = host.replace(".", "").isdigit()
        names = [x509.IPAddress(ip_address(host)) if address else x509.DNSName(host)]
        builder = self._begin(name, key.public_key(), expires)
        signed = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(
            self._key, SHA256()
        )
        path = folder / f"{host}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + signed.public_bytes(Encoding.PEM))
        return path

    def _begin(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, expires: datetime
    ) -> x509.CertificateBuilder:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=60))
            .not_valid_after(expires)
            .add_extension(identifier, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


@contextmanager
def tls_front(server_port: int, certificate: Path | None) -> Iterator[int]:
    """Yield the port of a front that answers SSLRequest and passes the rest to the server.

    Without a certificate it answers that it has no TLS.
    """
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, context, server_port), daemon=True).start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            listening.shutdown(SHUT_RDWR)


def _accept(listening: socket, context: ssl.SSLContext | None, server_port: int) -> None:
    with suppress(OSError):  # the test is over
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_serve, args=(client, context, server_port), daemon=True).start()


def _serve(client: socket, context: ssl.SSLContext | None, server_port: int) -> None:
    with suppress(OSError), client:
        request = client.recv(8)
        assert int.from_bytes(request[4:], "big") == SSL_REQUEST
        if context is None:
            client.sendall(b"N")
            return
        client.sendall(b"S")
        with (
            context.wrap_socket(client, server_side=True) as encrypted,
            create_connection(("127.0.0.1", server_port)) as server,
        ):
            threading.Thread(target=_copy, args=(server, encrypted), daemon=True).start()
            _copy(encrypted, server)


def _copy(source: socket, target: socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(SHUT_RDWR)
