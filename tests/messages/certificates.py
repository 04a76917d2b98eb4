"""An authority that tests alone trust, and what it has signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOCK = b"the lock of a key"


@dataclass(frozen=True, slots=True)
class Files:
    """Where they are: the authority, a certificate for 127.0.0.1, its key, and the same key behind a password."""

    authority: Path
    certificate: Path
    key: Path
    locked: Path


def made(folder: Path) -> Files:
    """Return new ones."""
    owner, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed("authority", owner, "authority", owner, ca=True)
    certificate = _signed("broker", key, "authority", owner, ca=False)
    files = Files(*(folder / name for name in ("ca.pem", "cert.pem", "key.pem", "locked.pem")))
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(_pem(key, serialization.NoEncryption()))
    files.locked.write_bytes(_pem(key, serialization.BestAvailableEncryption(LOCK)))
    return files


def _signed(name: str, key: Any, issuer: str, by: Any, *, ca: bool) -> x509.Certificate:
    now, one_day = datetime.now(UTC), timedelta(days=1)
    subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - one_day)
        .not_valid_after(now + one_day)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    return builder.sign(by, hashes.SHA256())


def _pem(key: Any, lock: Any) -> bytes:
    found: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    return found
