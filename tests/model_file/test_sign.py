"""A signed model file is read by those who hold the right key, and by nobody who asks for another signature than it bears."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.test_commands import run

import churnpredict as cp
from churnpredict.errors import MissingExtraError, ModelFileError, UsageError
from churnpredict.model_file import archive, store
from churnpredict.model_file import sign as signing

ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs: ours and theirs."""
    from cryptography.hazmat.primitives import serialization as s

    folder = tmp_path_factory.mktemp("keys")
    for owner in ("ours", "theirs"):
        key = ed25519.Ed25519PrivateKey.generate()
        (folder / f"{owner}.key").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
        (folder / f"{owner}.pub").write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    return folder


@pytest.fixture(scope="module")
def signed(trained: cp.ChurnPipeline, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained.save(tmp_path_factory.mktemp("signed") / "churn.model", sign_with=keys / "ours.key")


def test_the_right_key_opens_and_nobody_needs_one(signed: Path, keys: Path, trained: cp.ChurnPipeline) -> None:
    assert cp.load(signed, signed_by=keys / "ours.pub").model_id_ == cp.load(signed).model_id_ == trained.model_id_
    assert store.describe(signed)["signature"] == "there, not checked"
    assert "signature checked" in " ".join(store.told(store.describe(signed, signed_by=keys / "ours.pub")).split())


def test_another_key_and_no_signature_are_refused(signed: Path, keys: Path, trained: cp.ChurnPipeline, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="wrong-signature"):
        cp.load(signed, signed_by=keys / "theirs.pub")
    plain = trained.save(tmp_path / "plain.model")
    with pytest.raises(ModelFileError, match="unsigned-model"):
        cp.load(plain, signed_by=keys / "ours.pub")
    for bad in (keys / "ours.key", plain, keys / "nowhere"):
        with pytest.raises(UsageError, match="bad-key"):
            cp.load(signed, signed_by=bad)
    with pytest.raises(UsageError, match="bad-key"):
        trained.save(tmp_path / "no.model", sign_with=keys / "ours.pub")
    assert not (tmp_path / "no.model").exists()


def test_what_was_changed_with_care_does_not_pass(signed: Path, keys: Path, tmp_path: Path) -> None:
    """Hashes made to fit again: harmless to read, and not ours."""
    files = archive.unpack(signed.read_bytes())
    manifest = json.loads(files["manifest.json"])
    manifest["pipeline"]["base_rate"] = 0.5
    changed = files | {"manifest.json": json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()}
    path = tmp_path / "changed.model"
    path.write_bytes(archive.pack(changed))
    assert cp.load(path).base_rate_ == 0.5
    with pytest.raises(ModelFileError, match="wrong-signature"):
        cp.load(path, signed_by=keys / "ours.pub")
    for bad in (b"{}", b"\x00", files["signature.json"].replace(b"ed25519", b"ed25518"), signing.sign(b"other", keys / "ours.key")):
        path.write_bytes(archive.pack(files | {"signature.json": bad}))
        with pytest.raises(ModelFileError, match=r"model-json|model-schema|wrong-signature"):
            cp.load(path, signed_by=keys / "ours.pub")


def test_on_the_command_line(signed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-model", str(signed), "--signed-by", str(keys / "ours.pub")) == 0
    assert run("check-model", str(signed), "--signed-by", str(keys / "theirs.pub")) == 4
    assert "wrong-signature" in capsys.readouterr().err


def test_without_the_library_the_extra_is_named(signed: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(MissingExtraError, match=r"churnpredict\[sign\]"):
        cp.load(signed, signed_by=keys / "ours.pub")
    assert cp.load(signed)
