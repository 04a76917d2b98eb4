"""Arguments that pandas' readers of text had from 0.19 on and have no more; the version is the first one without."""

from triglot.bygone.row import ANY, Gone

_READERS = "read_csv read_table"

GONE = (
    Gone(
        "2.0",
        "error_bad_lines",
        _READERS,
        "write 'on_bad_lines'",
        same=(True,),
        becomes={False: ("on_bad_lines", "warn")},
    ),
    Gone("2.0", "warn_bad_lines", _READERS, "write 'on_bad_lines'", same=ANY),
    Gone("3.0", "delim_whitespace", _READERS, "write 'sep'", same=(False,), becomes={True: ("sep", r"\s+")}),
    Gone("2.0", "squeeze", _READERS, "a dataset loader gives columns", same=(False,)),
    Gone("2.0", "prefix", _READERS, "write 'names'", same=(None,)),
    Gone("2.0", "mangle_dupe_cols", _READERS, "write 'names'", same=(True,)),
    Gone("3.0", "verbose", _READERS, "leave it out", same=ANY),
    Gone("3.0", "infer_datetime_format", _READERS, "leave it out", same=ANY),
    Gone("3.0", "keep_date_col", _READERS, "combine columns in a loader of your own", same=(False,)),
    Gone("3.0", "date_parser", _READERS, "write 'date_format'", same=(None,)),
    Gone("0.23", "skip_footer", _READERS, "", today="skipfooter"),
    Gone("0.25", "tupleize_cols", _READERS, "leave it out", same=(False, None)),
    Gone("0.23", "as_recarray", _READERS, "leave it out", same=(False, None)),
    Gone("0.23", "compact_ints", _READERS, "write 'dtype'", same=(False, None)),
    Gone("0.23", "use_unsigned", _READERS, "write 'dtype'", same=(False, None)),
    Gone("0.23", "buffer_lines", _READERS, "leave it out", same=ANY),
)
