#!/usr/bin/env bash
# Makes .venv ready: the Python packages, R with rpy2, Julia, and Triglot itself in editable form.
#
# What is done and unchanged is not done again. A language that cannot be had is left out with its reason, and the
# rest works. What was found is recorded in .venv/triglot.env, for scripts/with_env.sh.
# Settings: PYTHON, TRIGLOT_R_HOME, JULIA_EXE (the interpreters to take), TRIGLOT_HOME (where a private Julia is kept),
# TRIGLOT_WITHOUT="r julia" (leave out), TRIGLOT_REQUIRE="r julia" (fail without).
set -euo pipefail
cd "$(dirname "$0")/.."
export HOME=${HOME:-~} # which the shell knows where nothing has set it

readonly venv=.venv/bin/python
readonly stamps=.venv/stamps
readonly log=.venv/setup.log
readonly debian_r=/usr/lib/R
readonly room_mb=1200 # of .venv, and of what pip unpacks on the way
readonly private_julia=${TRIGLOT_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/triglot}/julia

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# quietly WHAT COMMAND...: one line with the time it took; the command's own words stay in the log.
quietly() {
    local what=$1 start=$SECONDS
    shift
    printf '  %s ... ' "$what"
    if "$@" >"$log" 2>&1 </dev/null; then
        printf '%d s\n' $((SECONDS - start))
    else
        printf 'not done\n'
        return 1
    fi
}

last_words() { tail --lines "${1:-1}" "$log"; }

# What apt complained of first, else the last line.
apt_words() { grep --max-count 1 '^[EW]: ' "$log" || last_words; }

# why_pip_failed: the cause and what mends it, then pip's own last lines.
why_pip_failed() {
    if grep --quiet -E 'No space left on device|Disk quota exceeded' "$log"; then
        echo "There is no room left: .venv takes about $room_mb MB. Free some, or set TMPDIR to another disk, and run make again."
    elif grep --quiet -E 'NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|name resolution' "$log"; then
        echo "pip reaches no package index. Try: $venv -m pip config list. Set PIP_INDEX_URL to an index or HTTPS_PROXY to a proxy, and run make again."
    elif grep --quiet -E 'CERTIFICATE_VERIFY_FAILED|SSLError' "$log"; then
        echo "pip does not trust its package index. Set PIP_CERT to the file of your certificates, and run make again."
    elif grep --quiet 'No matching distribution found' "$log"; then
        echo "pip's package index lacks a package of requirements.lock. Set PIP_INDEX_URL to another one, and run make again."
    fi
    last_words 5
}

stamped() { [[ -e $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; }

stamp() { printf '%s' "$2" >"$stamps/$1"; }

pip_install() { "$venv" -m pip install --disable-pip-version-check --no-input --no-compile "$@"; }

# --- Python ---------------------------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local python
    rm -rf .venv
    mkdir .venv # for the log
    if ! python=$(find_python); then
        quietly "Python" scripts/ensure_apt.sh python3-venv || die "There is no Python with venv: $(last_words)"
        python=$(find_python) || die "Triglot needs Python 3.11 or newer: name one in PYTHON"
    fi
    quietly "virtual environment" "$python" -m venv .venv || die "$(last_words 15)"
}

set_up_python() {
    local key
    if ! [[ -x .venv/bin/pip ]] || ! "$venv" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        make_venv
    fi
    mkdir -p "$stamps"
    key=$(sha256sum requirements.lock)
    if ! stamped python "$key"; then
        quietly "Python packages" pip_install --requirement requirements.lock || die "$(why_pip_failed)"
        stamp python "$key"
    fi
}

# A strict editable install is a folder of links: it is made anew when a file has come or gone.
set_up_triglot() {
    local key
    key=$(find bridge server workers -type f ! -name '*.pyc' | LC_ALL=C sort | cat - pyproject.toml | sha256sum)
    if ! stamped triglot "$key" || ! compgen -G 'build/__editable__*' >/dev/null; then
        quietly "Triglot" pip_install --no-deps --no-build-isolation --editable . || die "$(last_words 15)"
        stamp triglot "$key"
    fi
}

# --- R --------------------------------------------------------------------------------------------------------------

# set_up_<language> sets `state` to "on ..." or "off (reason)" and adds to `settings` what others need to know.

set_up_r() {
    local home=${TRIGLOT_R_HOME:-} version
    if [[ -z $home ]] && ! home=$(R RHOME 2>/dev/null); then
        if ! quietly "R" scripts/ensure_apt.sh --available r-base-core r-base-dev r-cran-randomforest r-cran-testthat ||
            ! home=$(R RHOME 2>/dev/null); then
            state="off (there is no R: $(apt_words))"
            return
        fi
    fi
    version=$("$home/bin/R" --version 2>/dev/null | sed -n 's/^R version \([0-9.]*\).*/\1/p') || true
    if [[ -z $version ]]; then
        state="off ($home/bin/R does not run)"
    elif ! [[ -e $home/lib/libR.so ]]; then
        state="off ($home is an R without lib/libR.so: install one built as a shared library, or name it in TRIGLOT_R_HOME)"
    elif set_up_rpy2 "$home" "$version"; then
        state="on, $version in $home"
        settings+=("TRIGLOT_R_HOME=$home")
        set_up_r_packages "$home" "$version"
    fi
}

set_up_rpy2() {
    local home=$1 version=$2 rpy2 tools=(gcc) key
    rpy2=$(scripts/rpy2_for_r.sh "$home")
    key="$home $version $rpy2 $("$venv" -VV)"
    if stamped rpy2 "$key"; then return; fi

    if [[ $home == "$debian_r" ]]; then tools=(r-base-dev); fi
    if ! [[ -e $("$venv" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h ]]; then
        tools+=("python$("$venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-dev")
    fi
    if ! quietly "rpy2 $rpy2, for R $version" build_rpy2 "$home" "$rpy2" "${tools[@]}"; then
        cp "$log" .venv/rpy2.log
        state="off (rpy2 did not build, see .venv/rpy2.log; $(grep --max-count 1 '^run: ' "$log" || echo "${tools[*]} may be missing"))"
        return 1
    fi
    stamp rpy2 "$key"
}

# rpy2 is compiled against one R, so neither an earlier build nor pip's cache of one will do; and 3.6 has parts in
# packages of their own, which would shadow 3.5's.
build_rpy2() (
    export R_HOME=$1 PATH="$1/bin:$PATH"
    scripts/ensure_apt.sh "${@:3}" || true # the tools may be there without Debian's packages
    "$venv" -m pip uninstall --yes rpy2 rpy2-rinterface rpy2-robjects &&
        pip_install --no-cache-dir --constraint requirements.lock "rpy2==$2" &&
        "$venv" -c 'import rpy2.rinterface as r; r.initr()'
)

set_up_r_packages() {
    local home=$1 key="$1 $2" missing
    if stamped r-packages "$key"; then return; fi
    missing=$("$home/bin/Rscript" -e 'for (p in c("randomForest", "testthat"))
        if (!requireNamespace(p, quietly = TRUE)) cat(" ", p, sep = "")')
    if [[ -n $missing && $home == "$debian_r" ]] &&
        quietly "R packages" scripts/ensure_apt.sh --available r-cran-randomforest r-cran-testthat; then
        missing=
    fi
    if [[ -n $missing ]]; then
        state+=", without the packages$missing that examples and tests use"
    else
        stamp r-packages "$key"
    fi
}

# --- Julia ----------------------------------------------------------------------------------------------------------

set_up_julia() {
    local julia=${JULIA_EXE:-}
    if [[ -n $julia ]]; then
        if ! scripts/julia_works.sh "$julia"; then
            state="off (JULIA_EXE=$julia does not run, or dies of an exception)"
            return
        fi
    elif ! { julia=$(command -v julia) && scripts/julia_works.sh "$julia"; }; then
        julia=$private_julia/bin/julia
        if ! scripts/julia_works.sh "$julia" &&
            ! quietly "Julia" env PYTHON="$venv" scripts/install_julia.sh "$private_julia"; then
            state="off ($(last_words))"
            return
        fi
    fi
    if ! set_up_embedding "$julia"; then
        state="off ($(last_words))"
        return
    fi
    state="on, $("$julia" --version | sed 's/^julia version //') in $julia"
    settings+=("JULIA_EXE=$julia")
}

# A Julia that runs by itself may still not load into Python: beside an older C++ library, say.
set_up_embedding() {
    local key
    key="$1 $("$1" --version) $("$venv" -VV)"
    if stamped julia "$key"; then return; fi
    quietly "Julia within Python" env JULIA_EXE="$1" "$venv" -m triglot.workers.julia && stamp julia "$key"
}

# --- all of it --------------------------------------------------------------------------------------------------------

listed() { [[ " $2 " == *" $1 "* ]]; }

# language KEY NAME
language() {
    state=
    if listed "$1" "${TRIGLOT_WITHOUT:-}"; then
        state="off (left out by TRIGLOT_WITHOUT)"
    else
        "set_up_$1"
    fi
    report+=("$2: $state")
    if [[ $state != on* ]] && listed "$1" "${TRIGLOT_REQUIRE:-}"; then unmet+=" $2"; fi
}

if ! [[ -w . ]]; then
    [[ -e .venv/triglot.env ]] || die "$PWD cannot be written to: copy it to a folder of your own (cp -r . ~/triglot) and run make there"
    echo "$PWD cannot be written to: what was set up there is taken as it is"
    exit 0
fi
left_mb=$(($(df --output=avail --block-size=1M . | tail -1)))
if ! [[ -x .venv/bin/pip ]] && ((left_mb < room_mb)); then
    die "There are $left_mb MB left for $PWD, and .venv takes about $room_mb MB: free some, or copy the checkout to another disk"
fi

exec 8<scripts/setup.sh # two runs in one checkout take turns
flock 8

settings=()
report=()
unmet=
set_up_python
report+=("Python: on, $("$venv" -c 'import platform; print(platform.python_version())') in .venv")
set_up_triglot
language r R
language julia Julia

for setting in "${settings[@]}"; do echo "$setting"; done >.venv/triglot.env.new
mv .venv/triglot.env.new .venv/triglot.env
printf '%s\n' "${report[@]}"
[[ -z $unmet ]] || die "TRIGLOT_REQUIRE asks for:$unmet"
