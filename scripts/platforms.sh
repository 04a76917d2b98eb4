#!/usr/bin/env bash
# Runs the README's two commands on machines that have nothing: a bare root of each release of Debian, made anew.
#
#   scripts/platforms.sh [RELEASE...]       bookworm and trixie
#
# In each root, as root: `make demo` from nothing and once more, then the tests of what differs between releases. Then
# as a user without rights, who finds R and Julia there, in a checkout whose path has blanks: `make demo`. In another bare
# root: plain pip and `triglot doctor --fix`.
# Settings: PLATFORM_TESTS (which tests; "" for none), PLATFORM_ROOTS (a folder that keeps the roots for another look),
# PLATFORM_MMDEBSTRAP (more options for mmdebstrap, such as a keyring for a release that this machine does not know).
# Needs root, for chroot and mounts of its own. What this machine needs to reach its mirrors goes into the roots, too.
set -euo pipefail
cd "$(dirname "$0")/.."

releases=("$@")
((${#releases[@]})) || releases=(bookworm trixie)
# Of whole services those that differ with the languages: what the front end does is the same everywhere.
readonly services="test_serving.py test_faults.py test_supervisor.py test_mixed.py test_not_loadable.py test_told.py"
# shellcheck disable=SC2086  # names, a word each
readonly tests=${PLATFORM_TESTS-tests/workers tests/conformance tests/test_types.py tests/citizens $(printf 'tests/functional/%s ' $services)}
readonly user=someone
readonly path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly shared=/usr/local/share/triglot # the private Julia, where the user without rights finds it

die() {
    printf 'platforms: %s\n' "$*" >&2
    exit 1
}

((EUID == 0)) || die "chroot needs root: run it with sudo"
unshare --mount --pid --fork true 2>/dev/null || die "this machine allows no mounts of one's own"
scripts/ensure_apt.sh mmdebstrap || die "mmdebstrap makes the roots"

if [[ -n ${PLATFORM_ROOTS:-} ]]; then
    work=$PLATFORM_ROOTS
    mkdir -p "$work"
else
    work=$(mktemp --directory)
    trap 'rm -rf --one-file-system "$work"' EXIT
fi

# The archive that this machine installs from; nothing where it is no Debian, and mmdebstrap then takes its own.
# shellcheck disable=SC2016  # $(REPO_URI) is meant for apt
mirror() {
    grep --quiet '^ID=debian$' /etc/os-release || return 0
    grep --max-count 1 --invert-match security < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages') || true
}

# make_root RELEASE ROOT: no more than git and make, and what lets this machine reach its mirrors.
make_root() {
    local hooks=()
    if [[ -d /usr/local/share/ca-certificates ]]; then
        # shellcheck disable=SC2016  # $1 is meant for mmdebstrap's hooks
        hooks+=("--customize-hook=copy-in /usr/local/share/ca-certificates /usr/local/share"
            '--customize-hook=chroot "$1" update-ca-certificates')
    fi
    rm -rf --one-file-system "$2"
    # shellcheck disable=SC2046,SC2086  # options, a word each
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make "${hooks[@]}" \
        ${PLATFORM_MMDEBSTRAP:-} "$1" "$2" $(mirror) || return 1
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\ntimeout = 180\n' >"$2/etc/pip.conf"
    chroot "$2" useradd --create-home "$user"
}

# inside ROOT COMMAND...: with processes and mounts that end with it.
inside() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child --propagation private bash -c '
        root=$1
        shift
        mount --bind "$root" "$root" # a mount of its own, as whoever enters a network namespace wants of "/"
        mount -t proc proc "$root/proc"
        mount -t sysfs sys "$root/sys"
        mount --rbind /dev "$root/dev"
        cp /etc/resolv.conf "$root/etc/resolv.conf"
        cp /etc/hosts "$root/etc/hosts"
        exec chroot "$root" "$@"' inside "$@" </dev/null
}

# What leads to this machine's package index goes along, and nothing else of its environment.
index=()
for name in PIP_INDEX_URL HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || index+=("$name=${!name}")
done

# as USER ROOT FOLDER COMMAND...
as() {
    local who=$1 root=$2 folder=$3 home julia=TRIGLOT_HOME=$shared
    shift 3
    [[ $who == root ]] || julia=JULIA_EXE=$shared/julia/bin/julia
    home=$(inside "$root" sh -c "echo ~$who")
    # Through a pipe of the user's own, because supervisord opens its standard output once more.
    # shellcheck disable=SC2016
    inside "$root" setpriv --reuid="$who" --regid="$who" --init-groups env --ignore-environment HOME="$home" \
        PATH="$path" LANG=C.UTF-8 CI="${CI:-}" TRIGLOT_REQUIRE="r julia ruby" TRIGLOT_WITHOUT="clients browser spark" "$julia" "${index[@]}" \
        bash -c 'set -o pipefail; cd "$1" && shift && "$@" 2>&1 | cat' in "$folder" "$@"
}

# copy ROOT FOLDER: what git knows of this checkout, and what it does not ignore.
copy() {
    mkdir -p "$1/$2"
    git ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$1/$2"
}

failed=()
summary=()
# step RELEASE WHAT COMMAND...: one line with the time that it took; all that it wrote where it fails.
step() {
    local release=$1 what=$2 start=$SECONDS out=$work/$1.out result
    shift 2
    printf '%s: %s ... ' "$release" "$what"
    if "$@" >"$out" 2>&1; then result=ok; else result=failed; fi
    summary+=("$(printf '%-10s %-44s %-7s %4d s  %s' "$release" "$what" "$result" $((SECONDS - start)) "$(told "$out")")")
    printf '%s, %d s\n' "$result" $((SECONDS - start))
    if [[ $result == failed ]]; then
        failed+=("$release: $what")
        cat "$out"
        return 1
    fi
    grep -E '^(SKIPPED|Python:|R:|Julia:)|: left out$' "$out" | sort --unique || true
}

# told FILE: what pytest counted, if it ran.
told() { grep -oE '[0-9]+ passed.* in [0-9.]+s' "$1" | tail -1 || true; }

as_root() { as root "$work/$1" /root/triglot "${@:2}"; }

# What fails is tried once more, alone: real processes under a machine's whims.
test_again() {
    as_root "$1" make test ARGS="$tests" || as_root "$1" make test ARGS="--numprocesses 0 --last-failed $tests"
}

as_user() { as "$user" "$work/$1" "/home/$user/my own models/triglot" "${@:2}"; }

platform() {
    local release=$1 root=$work/$1
    step "$release" "a bare root" make_root "$release" "$root" || return 0
    copy "$root" /root/triglot
    cp --archive "$root" "$root.pip"
    step "$release" "pip install, triglot doctor --fix" as root "$root.pip" /root/triglot scripts/by_pip.sh /opt || true
    rm -rf --one-file-system "$root.pip"
    step "$release" "make demo, from nothing" as_root "$release" make demo || return 0
    step "$release" "make demo, again" as_root "$release" make demo || true
    if [[ -n $tests ]]; then
        step "$release" "make test" test_again "$release" || true
    fi
    copy "$root" "/home/$user/my own models/triglot"
    chroot "$root" chown -R "$user:$user" "/home/$user"
    step "$release" "make demo, without rights, in a path with blanks" as_user "$release" make demo || true
    [[ -n ${PLATFORM_ROOTS:-} ]] || rm -rf --one-file-system "$root"
}

for release in "${releases[@]}"; do platform "$release"; done
printf '\n'
printf '%s\n' "${summary[@]}"
((${#failed[@]} == 0)) || die "$(printf '%s; ' "${failed[@]}")"
