"""A worker keeps the buffers that were used last, within its bound of bytes."""

from triglot.workers.table_cache import Buffers


def test_the_buffers_used_longest_ago_give_way_to_new_ones() -> None:
    buffers = Buffers(10)
    for digest in "ab":
        buffers.keep(digest, memoryview(digest.encode() * 4))
    assert buffers.get("a") == b"aaaa"
    buffers.keep("c", memoryview(b"cccc"))
    assert (buffers.get("a"), buffers.get("b"), buffers.get("c")) == (b"aaaa", None, b"cccc")


def test_the_same_buffer_counts_once_and_one_beyond_the_bound_is_not_kept() -> None:
    buffers = Buffers(10)
    for _ in range(5):
        buffers.keep("a", memoryview(b"aaaa"))
    buffers.keep("b", memoryview(b"bbbb"))
    buffers.keep("large", memoryview(b"x" * 11))
    assert (buffers.get("a"), buffers.get("b"), buffers.get("large")) == (b"aaaa", b"bbbb", None)
