"""Sign model files with ed25519, and check signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnpredict.errors import ModelFileError, UsageError, missing_extra
from churnpredict.model_file import schema

__all__ = ["MEMBER", "check_signature", "sign"]

MEMBER = "signature.json"
_PURPOSE = b"churnpredict model file\n"  # signed too, so that a signature made for another purpose is not valid here


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise missing_extra("signatures need cryptography", "sign") from None
    return serialization, ed25519


def _key(path: str | Path, *, private: bool) -> Any:
    serialization, ed25519 = _library()
    kind = "private" if private else "public"
    try:
        content = Path(path).read_bytes()
        key = serialization.load_pem_private_key(content, None) if private else serialization.load_pem_public_key(content)
    except OSError as error:
        raise UsageError("bad-key", f'the key "{path}" cannot be read: {error.strerror}', remedy="Check the path.") from None
    except (ValueError, TypeError):  # the library's message may quote the file
        key = None
    if not isinstance(key, ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey):
        make = "openssl genpkey -algorithm ed25519 -out key.pem" if private else "openssl pkey -in key.pem -pubout -out public.pem"
        raise UsageError("bad-key", f'"{path}" is not a {kind} ed25519 key in PEM without a password', remedy=f"Make one with: {make}")
    return key


def _hex(public: Any) -> str:
    serialization, _ = _library()
    return str(public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex())


def sign(manifest: bytes, key: str | Path) -> bytes:
    """Return the member of a model file that signs its manifest with a private key, a PEM file."""
    private = _key(key, private=True)
    signature = private.sign(_PURPOSE + manifest).hex()
    return schema.write_json(schema.Signature(algorithm="ed25519", public_key=_hex(private.public_key()), signature=signature))


def check_signature(manifest: bytes, found: schema.Signature | None, key: str | Path) -> None:
    """Refuse a manifest that the owner of a public key, a PEM file, has not signed.

    Raises
    ------
    ModelFileError
        ``unsigned-model``, ``wrong-signature``.
    UsageError
        ``bad-key``.
    """
    public = _key(key, private=False)
    from cryptography.exceptions import InvalidSignature

    if found is None:
        raise ModelFileError("unsigned-model", "the model file has no signature", remedy="Sign it when it is saved: sign_with=.")
    try:
        public.verify(bytes.fromhex(found.signature), _PURPOSE + manifest)
    except InvalidSignature:
        raise ModelFileError(
            "wrong-signature",
            "the model file was not signed with this key, or was changed afterwards",
            remedy="Take the file from its source again, and check the key.",
        ) from None
