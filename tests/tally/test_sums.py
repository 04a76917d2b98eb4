"""What predictions come to: requests, rows, calls and times, in numbers that outlive whoever adds to them."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from triglot.protocol.messages import Spent
from triglot.tally.sums import DURATIONS_NS, ROWS_OF_CALLS, SIZES, WORDS, Batch, Sum, Tally, Totals, Words

spent = st.builds(Spent, *[st.integers(0, 10**9)] * 4, rows=st.integers(0, 100))
answers = st.lists(st.tuples(st.integers(0, 50), st.none() | spent, st.integers(0, 10**9)), max_size=30)


def memory() -> Words:
    return memoryview(bytearray(8 * WORDS)).cast("q")


def totals_of(answered: Iterable[tuple[int, Spent | None, int]]) -> Totals:
    words = memory()
    tally = Tally(words)
    for now, (rows, told, ns) in enumerate(answered):
        tally.answered(rows, told, ns, now)
    return Totals.of(words)


def test_what_nobody_has_asked_for_comes_to_nothing() -> None:
    assert Totals.of(memory()) == Totals()


def test_requests_that_shared_a_call_have_its_times_in_full_and_the_call_counts_once() -> None:
    first, second = Spent(queue=5, input=10, infer=100, output=1, rows=3), Spent(queue=7, input=10, infer=100, output=1)

    found = totals_of([(1, first, 150), (2, second, 160)])

    assert found == Totals(
        last_ms=1,
        rows=3,
        calls=1,
        success=Sum(2, 310),
        queue=Sum(2, 12),
        input=Sum(2, 20),
        infer=Sum(2, 200),
        output=Sum(2, 2),
        batches={3: Batch(Sum(1, 10), Sum(1, 100), Sum(1, 1))},
        durations=(2, *(0,) * len(DURATIONS_NS)),
        calls_by_rows=tuple(int(bound == 4) for bound in (*ROWS_OF_CALLS, None)),
    )


def test_a_worker_that_tells_no_times_has_made_a_call_for_each_request() -> None:
    found = totals_of([(4, None, 150), (1, None, 50)])

    assert (found.rows, found.calls, found.success) == (5, 2, Sum(2, 200))
    assert (found.queue, found.infer, found.batches) == (Sum(), Sum(), {})


def test_failures_are_counted_apart() -> None:
    words = memory()
    tally = Tally(words)
    tally.failed(30)
    tally.answered(1, None, 10, 99)
    tally.failed(12)

    found = Totals.of(words)

    assert (found.fail, found.success, found.rows, found.calls) == (Sum(2, 42), Sum(1, 10), 1, 1)


def test_sizes_of_calls_are_bounded_and_what_is_beyond_stands_in_the_sums() -> None:
    found = totals_of([(size, Spent(infer=1, rows=size), 1) for size in range(1, 2 * SIZES + 1)])

    assert list(found.batches) == list(range(1, SIZES + 1))
    assert (found.calls, found.infer) == (2 * SIZES, Sum(2 * SIZES, 2 * SIZES))


@given(answers, answers)
def test_whoever_goes_on_with_the_numbers_of_another_comes_to_what_one_would(
    before: list[tuple[int, Spent | None, int]], behind: list[tuple[int, Spent | None, int]]
) -> None:
    words = memory()
    for rows, told, ns in before:
        Tally(words).answered(rows, told, ns, 1)
    tally = Tally(words)
    for rows, told, ns in behind:
        tally.answered(rows, told, ns, 2)

    separate = totals_of(before).plus(totals_of(behind))

    together = Totals.of(words)
    assert (together.success, together.rows, together.calls) == (separate.success, separate.rows, separate.calls)
    assert (together.queue, together.infer, together.batches) == (separate.queue, separate.infer, separate.batches)


def test_a_further_call_for_a_request_adds_its_times_and_itself_but_no_request() -> None:
    words = memory()
    tally = Tally(words)
    tally.answered(2, Spent(1, 2, 3, 4, 2), 50, 1)
    tally.called(Spent(10, 20, 30, 40, 2))

    found = Totals.of(words)

    assert (found.rows, found.calls, found.success) == (2, 2, Sum(1, 50))
    assert (found.queue, found.output, found.batches[2].infer) == (Sum(1, 11), Sum(1, 44), Sum(2, 33))
