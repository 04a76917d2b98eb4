"""Numbers under names, which each process adds to in a file of its own, and everybody reads the sum of.

The files are mapped into memory, so that adding costs no system call and what a killed process has counted stays. A
process takes over the file of one that has ended, whose lock the kernel has let go of: there are never more files than
there were processes at a time.
"""

import contextlib
import fcntl
import itertools
import logging
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from triglot import this_process
from triglot.tally.sums import Words

logger = logging.getLogger("triglot.tally")

FOLDER = "tallies"  # of a run directory
_MARK: Final = 0x5447_7461_6C6C_7902  # in the first word: these files, in their second form
_WORD = 8
_HEAD_WORDS = 3  # the mark, how many words a slot has, and how many slots are in use
_NAME_WORDS = 129  # a name's bytes, and how many they are


class Slots:
    """The numbers of this process: for each name, `width` whole numbers that begin at 0. `lock` is for who adds.

    Without a folder, or where nothing can be written there, they are this process's alone.

    suffix: of the files' names, which tells them from those of other numbers. most: how many names there is room for.
    """

    def __init__(self, folder: Path | None, suffix: str, width: int, most: int) -> None:
        self.pid = this_process.pid()
        self.lock = threading.Lock()
        self._slot_words = _NAME_WORDS + width
        self._most = most
        size = _WORD * (_HEAD_WORDS + most * self._slot_words)
        self._file = None if folder is None else _claimed(folder, suffix, self._slot_words, size)
        self._full = False
        memory = mmap.mmap(-1 if self._file is None else self._file, size)
        self._words: Words = memoryview(memory).cast("q")
        self._words[0], self._words[1] = _MARK, self._slot_words

    @property
    def private(self) -> bool:
        """Whether no other process sees these numbers."""
        return self._file is None

    def all(self) -> Iterator[tuple[str, Words]]:
        """Give the names that are there, with their numbers, which may be added to."""
        return _used(self._words, self._slot_words)

    def add(self, name: str) -> "Words | None":
        """Return the numbers of a name that is new; None where there is no room for it."""
        count = self._words[2]
        at = _HEAD_WORDS + count * self._slot_words
        spelt = name.encode("utf-8", "backslashreplace")
        if count >= self._most or len(spelt) > _WORD * (_NAME_WORDS - 1) or not self._reserve(at):
            return None
        words = self._words
        words[at] = len(spelt)
        words[at + 1 : at + _NAME_WORDS].cast("B")[: len(spelt)] = spelt
        words[2] = count + 1  # and only now, so that whoever reads meanwhile finds a slot that is whole
        return words[at + _NAME_WORDS : at + self._slot_words]

    def _reserve(self, at: int) -> bool:
        """Have the file's place for a slot on its disk: writing to memory that finds none there ends a process."""
        try:
            if self._file is not None:
                os.posix_fallocate(self._file, _WORD * at, _WORD * self._slot_words)
        except OSError as error:
            if not self._full:
                logger.warning("what is new from now on is not counted: %s", error.strerror)
            self._full = True
            return False
        return True


def read(folder: Path | None, suffix: str, width: int) -> Iterator[tuple[str, Words]]:
    """Give the names and numbers of each process's file, as they are now."""
    slot_words = _NAME_WORDS + width
    for path in sorted(folder.glob(f"*.{suffix}")) if folder is not None else ():
        with contextlib.suppress(OSError), path.open("rb") as file:
            head = file.read(_WORD * _HEAD_WORDS).ljust(_WORD * _HEAD_WORDS, b"\0")
            mark, wide, count = memoryview(head).cast("q")
            if mark == _MARK and wide == slot_words:
                body = file.read(_WORD * slot_words * count)
                yield from _used(memoryview(head + body).cast("q"), slot_words)


def forget(run_dir: Path) -> None:
    """Take away what processes of an earlier service have counted; none of this one may run yet."""
    for path in (run_dir / FOLDER).glob("*"):
        path.unlink(missing_ok=True)


def _claimed(folder: Path, suffix: str, slot_words: int, size: int) -> int | None:
    """Return the open file that is this process's own from now on: that of one that has ended, or a new one."""
    kind = _MARK.to_bytes(_WORD, sys.byteorder) + slot_words.to_bytes(_WORD, sys.byteorder)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in itertools.count():
            file = os.open(folder / f"{number}.{suffix}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.pread(file, len(kind), 0) != kind:
                    os.ftruncate(file, 0)
                os.ftruncate(file, size)
                os.posix_fallocate(file, 0, _WORD * _HEAD_WORDS)
            except BlockingIOError:
                os.close(file)
            else:
                return file
    except OSError as error:
        logger.warning("this process counts for itself: %s", error)
    return None


def _used(words: Words, slot_words: int) -> Iterator[tuple[str, Words]]:
    """Give the slots that are in use."""
    for at in range(_HEAD_WORDS, _HEAD_WORDS + words[2] * slot_words, slot_words):
        spelt = words[at + 1 : at + _NAME_WORDS].tobytes()[: words[at]]
        yield spelt.decode("utf-8", "replace"), words[at + _NAME_WORDS : at + slot_words]
