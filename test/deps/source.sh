#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# source.sh PACKAGE VERSION SUITE: unpacks Debian's source package, as mbedtls 3.6 trixie, into build/deps/PACKAGE-VERSION. Done
# before: does nothing. Cannot be had: says so, exit status 2.
#
# apt fetches it and checks the archive's signatures, with a configuration of its own below build/deps: the sources are those of this
# machine, as deb-src and for that release; /etc/apt and the machine's lists stay as they are.
set -u
[ $# -eq 3 ] || { echo "usage: source.sh PACKAGE VERSION SUITE" >&2; exit 2; }
package=$1 version=$2 suite=$3
deps=$(pwd)/build/deps
apt=$deps/apt-$package-$version
give_up() { echo "source.sh: $*" >&2; exit 2; }

[ -d "$deps/$package-$version" ] && exit 0
for command in apt-get dpkg-source; do
    command -v $command >/dev/null || give_up "$package $version is built from Debian's source package, and there is no $command here"
done
rm -rf "$apt" && mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts" || exit 2

# One line for each archive and key of the machine, in both of apt's forms: URI, then the key file or "-".
{
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk '$1 == "deb" {
        key = "-"; uri = ""
        for (i = 2; i <= NF; i++) {
            if (match($i, /signed-by=[^] ]*/)) key = substr($i, RSTART + 10, RLENGTH - 10)
            if ($i ~ /:\//) { uri = $i; break }
        }
        if (uri != "") print uri, key }'
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && awk 'function flush() { if (uris != "" && types ~ /deb/) { n = split(uris, u, " "); for (i = 1; i <= n; i++) print u[i], key }
                                                 uris = types = ""; key = "-" }
            BEGIN { key = "-" } /^[ \t]*$/ { flush(); next } /^#/ { next }
            tolower($1) == "uris:" { sub(/^[^:]*:[ \t]*/, ""); uris = $0 }
            tolower($1) == "types:" { types = $0 }
            tolower($1) == "signed-by:" && $2 ~ /^\// { key = $2 }
            END { flush() }' "$file"
    done
} | grep -v -- '-security/* ' | sort -u >"$apt/archives.txt"
[ -s "$apt/archives.txt" ] || give_up "no archive is named below /etc/apt"

while read -r uri key; do
    [ "$key" = - ] && option='' || option="[signed-by=$key] "
    echo "deb-src $option$uri $suite main"
done <"$apt/archives.txt" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
export APT_CONFIG="$apt/apt.conf"
echo "  FETCH   $package $version, Debian's source package"
apt-get update -qq >"$apt/log" 2>&1 || { cat "$apt/log" >&2; give_up "the package lists cannot be had"; }
exact=$(apt-cache showsrc "$package" 2>/dev/null | awk -v want="$version" -v package="$package" '
    $1 == "Package:" { ours = ($2 == package) }
    $1 == "Version:" && ours && (index($2, want "-") == 1 || index($2, want ".") == 1) { print $2 }' | sort -V | tail -n 1)
[ -n "$exact" ] || give_up "the archives of this machine hold no $package $version"
rm -rf "$apt/source" && mkdir "$apt/source" || exit 2
(cd "$apt/source" && apt-get source -qq --download-only "$package=$exact" >"$apt/log" 2>&1) ||
    { cat "$apt/log" >&2; give_up "$package $exact cannot be had"; }
# apt has compared every file with the signed list already; the .dsc's own signature would need Debian's developers' keys.
dpkg-source --no-check --no-copy -x "$apt"/source/*.dsc "$apt/unpacked" >"$apt/log" 2>&1 || { cat "$apt/log" >&2; give_up "the source does not unpack"; }
mv "$apt/unpacked" "$deps/$package-$version" || exit 2
rm -rf "$apt"
