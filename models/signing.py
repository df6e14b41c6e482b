"""Ed25519 keys of a registry: who may say that a model is ours.

    keys/private.pem   0600, made on first use; only where models are trained or promoted
    keys/public.pem    what signatures are checked by; further keys in it are older ones that still count

A signature is 64 bytes over the manifest as it lies there, so openssl checks it too:
`openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in manifest.json -sigfile manifest.sig`.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.errors import RegistryError
from models.folders import create_file, sync_folder

PRIVATE, PUBLIC = "private.pem", "public.pem"
SIGNATURE_BYTES = 64
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


def make_keys(folder: Path) -> None:
    """A key pair, where there is none at all."""
    if (folder / PRIVATE).exists() or (folder / PUBLIC).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    create_file(folder / PRIVATE, private, 0o600)
    create_file(folder / PUBLIC, public)
    sync_folder(folder)


def load_private_key(folder: Path) -> Ed25519PrivateKey:
    """The key that signs.

    Raises:
        RegistryError: it is not there, others can read it, or it is no Ed25519 key.
    """
    path = folder / PRIVATE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror}; nothing can be signed", "key"
        ) from error
    if mode & 0o077:
        raise RegistryError(f"{path} has mode {mode:04o}; expected 0600, for its owner alone", "key")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RegistryError(f"{path} is not a private key in PEM", "key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RegistryError(f"{path} is a key of another kind; expected Ed25519", "key")
    return key


def load_public_keys(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """All keys in a file that signatures may be of.

    Raises:
        RegistryError: it is not there or holds no Ed25519 key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror}; nothing can be verified", "key"
        ) from error
    try:
        keys = [serialization.load_pem_public_key(block) for block in _PEM.findall(content)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RegistryError(f"{path} is damaged; expected public keys in PEM", "key") from error
    trusted = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if not trusted or len(trusted) != len(keys):
        raise RegistryError(
            f"{path} holds {len(trusted)} Ed25519 keys of {len(keys)}; expected only such", "key"
        )
    return trusted


def is_signed(content: bytes, signature: bytes, keys: Sequence[Ed25519PublicKey]) -> bool:
    """Whether one of the keys made this signature of this content."""
    for key in keys:
        try:
            key.verify(signature, content)
        except InvalidSignature:
            continue
        return True
    return False
