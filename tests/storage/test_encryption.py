"""What is stored encrypted, and the keys for it."""

import asyncio
import base64
import json
import os
import shlex
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.adapters.registry import ADAPTERS
from bot.errors import SecretError, SettingError
from bot.storage.encryption import SLACK, SecretBox
from bot.stores import load_secret_box

OWNER = ("", "T1", "rootly")
SECRET = {"api_key": "the key"}
LOAD = """
import sys
from pathlib import Path
from bot.stores import load_secret_box

load_secret_box(None, Path(sys.argv[1]))
print(Path(sys.argv[1] + ".key").read_text().strip())
"""


def test_a_secret_comes_back_to_its_owner() -> None:
    """What was sealed for an owner opens for that owner, and the ciphertext shows nothing of it."""
    secret_box = SecretBox([Fernet.generate_key()])
    sealed = secret_box.seal(OWNER, SECRET)
    assert secret_box.open(OWNER, sealed) == SECRET
    assert "the key" not in sealed
    assert "the key" not in base64.urlsafe_b64decode(sealed).decode("latin-1")


@pytest.mark.parametrize(
    "owner", [("", "T2", "rootly"), ("", "T1", "twilio"), ("E1", "T1", "rootly"), ("", "T1")]
)
def test_a_ciphertext_copied_to_another_row_does_not_open(owner: tuple[str, ...]) -> None:
    """Another workspace's or vendor's row gets one sentence instead of the secret."""
    secret_box = SecretBox([Fernet.generate_key()])
    with pytest.raises(SecretError) as caught:
        secret_box.open(owner, secret_box.seal(OWNER, SECRET))
    assert (
        str(caught.value)
        == "A stored secret belongs to another workspace or vendor. Connect the vendor again."
    )


def test_a_connection_and_an_installation_never_have_the_same_owner() -> None:
    """What stands for Slack in an installation's owner is no vendor's name, and the parts of an
    owner cannot run together."""
    assert SLACK not in ADAPTERS
    secret_box = SecretBox([Fernet.generate_key()])
    owners = [
        ("E1", "T1", SLACK),
        ("E1", "T1", "rootly"),
        ("", "E1T1", SLACK),
        ("T1", "E1", SLACK),
        ("E1", "T1slack", ""),
    ]
    assert [
        [_opens(secret_box, it, secret_box.seal(other, SECRET)) for it in owners]
        for other in owners
    ] == [[it == other for it in owners] for other in owners]


def _opens(secret_box: SecretBox, owner: tuple[str, ...], sealed: str) -> bool:
    try:
        return secret_box.open(owner, sealed) == SECRET
    except SecretError:
        return False


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_what_another_version_sealed_does_not_open(version: object) -> None:
    """The version stands in the ciphertext, and only ours is read."""
    key = Fernet.generate_key()
    plain = {"v": version, "owner": list(OWNER), "secret": SECRET}
    with pytest.raises(SecretError) as caught:
        SecretBox([key]).open(OWNER, Fernet(key).encrypt(json.dumps(plain).encode()).decode())
    assert (
        str(caught.value)
        == "A stored secret was written by another version of the bot. Use the newest one."
    )


def test_a_wrong_key_is_one_clear_sentence() -> None:
    """What another key sealed does not open, and neither does something damaged."""
    sealed = SecretBox([Fernet.generate_key()]).seal(OWNER, SECRET)
    secret_box = SecretBox([Fernet.generate_key()])
    for ciphertext in (sealed, sealed[:-9], "", "é", "bm8="):
        with pytest.raises(SecretError) as caught:
            secret_box.open(OWNER, ciphertext)
        assert (
            str(caught.value)
            == "A stored secret doesn't open with the keys in RELAY_ENCRYPTION_KEYS."
        )


def test_the_first_key_encrypts_and_any_decrypts(tmp_path: Path) -> None:
    """To rotate, the new key is put in front: old secrets still open, new ones do not need the old
    key."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    before = SecretBox([old]).seal(OWNER, SECRET)
    rotated = load_secret_box(
        SecretStr(f" {new.decode()} , {old.decode()},"), tmp_path / "relay.db"
    )
    assert rotated.open(OWNER, before) == SECRET
    assert SecretBox([new]).open(OWNER, rotated.seal(OWNER, SECRET)) == SECRET
    with pytest.raises(SecretError):
        SecretBox([old]).open(OWNER, rotated.seal(OWNER, SECRET))


def test_sealing_anew_leaves_what_the_first_key_sealed() -> None:
    """Only what an older key sealed becomes another ciphertext; another owner's is refused."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    before, secret_box = SecretBox([old]).seal(OWNER, SECRET), SecretBox([new, old])
    after = secret_box.reseal(OWNER, before)
    assert SecretBox([new]).open(OWNER, after) == SECRET
    assert secret_box.reseal(OWNER, after) == after
    with pytest.raises(SecretError):
        secret_box.reseal(("", "T2", "rootly"), before)


def test_the_key_file_may_hold_several_keys(tmp_path: Path) -> None:
    """A new key in front of the old one, on a line of its own or with a comma between them; errors
    name the file."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    before, file = SecretBox([old]).seal(OWNER, SECRET), tmp_path / "relay.db.key"
    for text in (b"%b\n%b\n" % (new, old), b"%b, %b" % (new, old)):
        file.write_bytes(text)
        secret_box = load_secret_box(None, tmp_path / "relay.db")
        assert (secret_box.open(OWNER, before), secret_box.keys) == (SECRET, 2)
        assert SecretBox([new]).open(OWNER, secret_box.reseal(OWNER, before)) == SECRET
    file.write_bytes(new)
    with pytest.raises(
        SecretError, match=r"^A stored secret doesn't open with the keys in relay\.db\.key\.$"
    ):
        load_secret_box(None, tmp_path / "relay.db").open(OWNER, before)


@pytest.mark.parametrize("table", ["connections", "installations"])
def test_a_lost_key_file_is_not_replaced(tmp_path: Path, table: str) -> None:
    """Beside a database that holds secrets no new key is made, unless it is asked for; beside an
    empty one it is."""
    path = tmp_path / "relay.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE {table} (secret TEXT)")
        load_secret_box(None, path)
        (tmp_path / "relay.db.key").unlink()
        database.execute(f"INSERT INTO {table} VALUES ('sealed')")
    with pytest.raises(SettingError) as caught:
        load_secret_box(None, path)
    assert str(caught.value) == (
        "relay.db.key: the key file is gone, and RELAY_ENCRYPTION_KEYS isn't set here. The "
        "database holds credentials that only their key opens. Set the variable, or put the file "
        "back beside the database. If the key is lost, run "
        "`python -m bot rotate-keys --remove-lost`. It makes a new key and removes what can't be "
        "read. Then connect everything again."
    )
    assert not (tmp_path / "relay.db.key").exists()
    assert load_secret_box(None, path, anew=True).keys == 1


def test_given_keys_make_no_key_file(tmp_path: Path) -> None:
    """With RELAY_ENCRYPTION_KEYS nothing is written beside the database."""
    load_secret_box(SecretStr(Fernet.generate_key().decode()), tmp_path / "relay.db")
    assert list(tmp_path.iterdir()) == []


def test_the_key_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    """The first start makes it with mode 0600, whatever the umask; the second reads it; nothing
    else is left behind."""
    before = os.umask(0)
    try:
        first = load_secret_box(None, tmp_path / "relay.db")
    finally:
        os.umask(before)
    file = tmp_path / "relay.db.key"
    made = file.read_bytes()
    second = load_secret_box(None, tmp_path / "relay.db")
    assert second.open(OWNER, first.seal(OWNER, SECRET)) == SECRET
    assert (list(tmp_path.iterdir()), file.read_bytes()) == ([file], made)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_starts_at_once_read_the_same_key(tmp_path: Path) -> None:
    """Of many threads that find no key file, all end up with the one that was put in place."""
    vaults = await asyncio.gather(
        *[asyncio.to_thread(load_secret_box, None, tmp_path / "relay.db") for _ in range(16)]
    )
    sealed = vaults[0].seal(OWNER, SECRET)
    assert [secret_box.open(OWNER, sealed) for secret_box in vaults] == [SECRET] * 16
    assert os.listdir(tmp_path) == ["relay.db.key"]


def test_two_processes_at_once_read_the_same_key(tmp_path: Path) -> None:
    """Two bots that start on a new folder at the same time use one key."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", LOAD, str(tmp_path / "relay.db")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in started]
    assert [error for _, error in said] == ["", ""]
    assert said[0][0] == said[1][0] != ""


@pytest.mark.parametrize(
    "keys", ["short", ",", "ключ", f"{base64.urlsafe_b64encode(bytes(32)).decode()},nonsense"]
)
def test_what_is_no_key_names_the_setting_and_says_how_to_make_one(
    tmp_path: Path, keys: str
) -> None:
    """The sentence repeats nothing of what was given."""
    with pytest.raises(SettingError) as caught:
        load_secret_box(SecretStr(keys), tmp_path / "relay.db")
    assert str(caught.value) == (
        "RELAY_ENCRYPTION_KEYS: holds something that isn't a key. Make one with "
        f'`{shlex.quote(sys.executable)} -c "from cryptography.fernet import Fernet; '
        'print(Fernet.generate_key().decode())"`.'
    )


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    """An empty key file is not silently replaced: what it sealed would be lost."""
    file = tmp_path / "relay.db.key"
    file.write_text("")
    with pytest.raises(SettingError, match=r"^relay\.db\.key: holds something that isn't a key"):
        load_secret_box(None, tmp_path / "relay.db")
    assert file.read_text() == ""


def test_a_folder_where_no_key_can_be_made_is_one_sentence(tmp_path: Path) -> None:
    """The folder has to exist."""
    path = tmp_path / "nowhere" / "relay.db"
    with pytest.raises(SettingError) as caught:
        load_secret_box(None, path)
    assert str(caught.value) == (
        f"RELAY_DATABASE: the key file {path}.key can't be read or made (No such file or "
        "directory). Choose another folder."
    )


def test_no_key_shows_in_a_vaults_repr() -> None:
    """Neither a key nor what is derived from it."""
    key = Fernet.generate_key()
    assert key.decode() not in repr(SecretBox([key]))
