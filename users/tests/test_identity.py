"""Keys and the tokens signed with them."""

import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scope.auth.v1.identity_pb2 import Identity
from users import identity
from users.identity import Keys, Signer, thumbprint
from users.tests.conftest import Clock


def _pem(*keys: Ed25519PrivateKey) -> bytes:
    return b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys)


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The example of RFC 8037, A.3."""
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert thumbprint(Ed25519PublicKey.from_public_bytes(raw)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


async def test_the_first_key_signs_and_all_verify(tmp_path: Path) -> None:
    new, old = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    file = tmp_path / "keys.pem"
    file.write_bytes(_pem(new, old))
    keys = Keys.read(file)
    assert keys.signing.kid == thumbprint(new.public_key())
    published = {key.key_id: key.key for key in jwt.PyJWKSet.from_json(keys.jwks()).keys}
    assert set(published) == {thumbprint(new.public_key()), thumbprint(old.public_key())}
    assert (
        await keys.public_key(thumbprint(old.public_key()))
        == old.public_key()
        == published[thumbprint(old.public_key())]
    )
    with pytest.raises(KeyError):
        await keys.public_key("another")
    assert not any("d" in key for key in json.loads(keys.jwks())["keys"])


def signed_by(token: str) -> str:
    """The id of the key that signed it."""
    return str(jwt.get_unverified_header(token)["kid"])


def test_what_is_no_keys_changes_nothing() -> None:
    keys = Keys([Ed25519PrivateKey.generate()])
    before = (keys.signing, keys.jwks())
    with pytest.raises(ValueError, match="must hold Ed25519 private keys"):
        keys.take(b"nonsense")
    assert (keys.signing, keys.jwks()) == before


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.pem"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="must hold Ed25519 private keys"):
        Keys.read(file)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.pem"
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(_pem(Ed25519PrivateKey.generate()) + other)
    with pytest.raises(ValueError, match="must hold Ed25519 private keys"):
        Keys.read(file)


class TestSigner:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """The one clock of a token's times and of its reuse."""
        clock = Clock()
        monkeypatch.setattr("mesh.identity.time.time", clock)
        return clock

    def test_the_same_token_for_thirty_seconds(self, clock: Clock) -> None:
        signer = Signer(Keys([Ed25519PrivateKey.generate()]), clock)
        first = signer.token(Identity(subject="ann"))
        clock.seconds += 29.9
        assert signer.token(Identity(subject="ann")) == first
        clock.seconds += 0.1
        assert signer.token(Identity(subject="ann")) != first

    def test_another_token_as_soon_as_it_says_something_else(self, clock: Clock) -> None:
        signer = Signer(Keys([Ed25519PrivateKey.generate()]), clock)
        variants = [Identity(subject="ann"), Identity(subject="ann", rpc="/a/b"), Identity(subject="ann", admin=True)]
        assert len({signer.token(variant) for variant in variants}) == 3

    def test_a_new_key_signs_at_once(self, clock: Clock) -> None:
        new, old = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        keys = Keys([old, new])
        signer = Signer(keys, clock)
        assert signed_by(signer.token(Identity(subject="ann"))) == thumbprint(old.public_key())
        keys.take(_pem(new, old))
        assert signed_by(signer.token(Identity(subject="ann"))) == thumbprint(new.public_key())

    def test_memory_is_bounded(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(identity, "CACHE_SIZE", 3)
        signer = Signer(Keys([Ed25519PrivateKey.generate()]), clock)
        for number in range(10):
            signer.token(Identity(subject=str(number)))
        assert len(signer._tokens) == 3
