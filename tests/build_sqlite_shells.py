"""Build SQLite's shell in old versions: `python tests/build_sqlite_shells.py FOLDER`.

The sources are the amalgamations that releases of an npm package carry. Needs `npm` and `cc`.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from shutil import which

# Release of the npm package `sqlite3` -> version of SQLite that it carries.
RELEASES = {"4.0.2": "3.24.0", "5.0.2": "3.34.0"}
OPTIONS = ["-O1", "-w", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION"]


def build(release: str, shell: Path) -> None:
    """Download one release and compile the shell that its sources make."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"sqlite3@{release}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (package,) = Path(folder).glob("*.tgz")
        unpack(package, folder)
        (amalgamation,) = Path(folder).glob("package/deps/sqlite-autoconf-*.tar.gz")
        unpack(amalgamation, folder)
        (sources,) = Path(folder).glob("sqlite-autoconf-*")
        built = Path(folder) / "shell"
        command = ["cc", *OPTIONS, "shell.c", "sqlite3.c", "-ldl", "-lm", "-o", str(built)]
        subprocess.run(command, cwd=sources, check=True)
        shell.write_bytes(built.read_bytes())
        shell.chmod(0o755)


def unpack(archive: Path, folder: str) -> None:
    """Unpack an archive into a folder."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")


def main() -> None:
    """Build what is missing."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for release, version in RELEASES.items():
        shell = folder / f"sqlite3-{version}"
        if shell.exists():
            continue
        for tool in ("npm", "cc"):
            if which(tool) is None:
                sys.exit(f"{tool} is not installed; it is needed to build {shell}")
        build(release, shell)


if __name__ == "__main__":
    main()
