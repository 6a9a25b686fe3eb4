#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make.sh OUT VERSION [TOOL]: the manual pages in OUT/man3 and OUT/man1, made from the public headers, from what TOOL says with
# --help, and from the tool's examples in README.md: what is written there is written once. Run from the top folder; `make docs` calls it.
set -eu
out=$1 version=$2 tool=${3:-}
here=lib/man
export LC_ALL=C

rm -rf "$out"
mkdir -p "$out/man3"
parts=' '
for header in include/apisec/*.h; do
    part=${header##*/}
    parts="$parts${part%.h} "
done
for part in $parts; do
    page=apisec_$part
    [ "$part" != apisec ] || page=apisec
    awk -v part="$part" -v parts="$parts" -v version="$version" -v out="$out/man3" -f $here/roff.awk -f $here/header.awk \
        "include/apisec/$part.h" >"$out/man3/$page.3"
done

[ -n "$tool" ] || exit 0
mkdir -p "$out/man1"
if ! "$tool" --help >"$out/help"; then # built for another kind of machine
    rm -f "$out/help"
    echo "make.sh: $tool does not run here: its manual page is left out" >&2
    exit 0
fi
# A row of the list of commands: the name, which may be two words, then at least two spaces.
commands=$(sed -n '/^Commands:$/,/^$/s/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p' "$out/help")
{
    printf '\001 help\n'
    cat "$out/help"
    echo "$commands" | while read -r command; do
        printf '\001 command %s\n' "$command"
        # shellcheck disable=SC2086 # a command's words
        "$tool" $command --help
    done
    printf '\001 readme\n'
    cat README.md
} >"$out/input"
awk -v parts="$parts" -v version="$version" -f $here/roff.awk -f $here/tool.awk "$out/input" >"$out/man1/apisec.1"
rm -f "$out/help" "$out/input"
