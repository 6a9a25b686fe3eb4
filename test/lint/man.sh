#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# man.sh: the manual pages against what they are made from, by another way than they were made: every public function has a page and
# a paragraph, every constant its number, no word of a header or of --help is lost, no backtick is shown, and groff has nothing to say
# about any page.
set -u
build=${BUILD:-build}
man=$build/man
export LC_ALL=C
command -v groff >/dev/null || { echo "groff is not installed: left out"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "$*"; bad=1; }
words() { tr A-Z a-z | grep -oE '[a-z0-9_]+' | sort -u; }
# The text of a page as one line, without fonts and without breaks that depend on the width.
render() { groff -man -Tascii -P-cbou -rLL=200n "$1" 2>/dev/null | tr -s ' \n' '  '; }

for page in "$man"/man[13]/*; do
    read -r first <"$page"
    case $first in
    .so\ *)
        [ -f "$man/${first#.so }" ] || wrong "$page: it refers to ${first#.so }, which is not there" ;;
    *)
        said=$(groff -man -ww -z -Tascii "$page" 2>&1) && [ -z "$said" ] || wrong "$page: $said"
        if grep -q '[^ -~]' "$page"; then wrong "$page: it is not plain ASCII: $(grep -n '[^ -~]' "$page" | head -n 1)"; fi
        if [ "${page#"$man/man3/"}" != "$page" ] && grep -q '\\(ga' "$page"; then
            wrong "$page: a backtick is shown: $(grep -n '\\(ga' "$page" | head -n 1)"
        fi ;;
    esac
done

for header in include/apisec/*.h; do
    part=${header##*/} part=${part%.h} name=apisec_$part
    [ "$part" != apisec ] || name=apisec
    page=$man/man3/$name.3
    [ -f "$page" ] || { wrong "$header: there is no $page"; continue; }
    render "$page" >"$work/text"
    text=$(cat "$work/text")
    # A comment of one line has both of its marks there.
    functions=$(awk '/^\/\*/ { comment = 1 } !comment { print } /\*\// { comment = 0 }' "$header" |
        grep -oE 'apisec_[a-z0-9_]+\(' | tr -d '(')
    for function in $functions; do
        case $text in *" $function()"*) ;; *) wrong "$page: $function has no paragraph" ;; esac
        [ -f "$man/man3/$function.3" ] || wrong "$header: there is no page for $function"
    done
    grep -oE 'APISEC_[A-Z0-9_]+ = -?[0-9]+' "$header" >"$work/constants"
    while read -r constant; do
        case $text in *" $constant "*) ;; *) wrong "$page: $constant is not in it" ;; esac
    done <"$work/constants"
    # Whatever the header says beside what only a compiler reads.
    sed -e 's/…/ /g' -e '/SPDX-License/d' -e '/^#/d' -e '/^extern "C"/d' -e 's/^enum//' "$header" | words >"$work/header"
    { echo "$part"; echo h; words <"$work/text"; } | sort -u >"$work/page"
    lost=$(sed 's/^apisec_\(.*\)/\1/' "$work/page" | sort -u - "$work/page" | comm -23 "$work/header" -)
    [ -z "$lost" ] || wrong "$page: lost from $header: $(echo $lost)"
done

tool=$build/apisec
if [ -x "$tool" ]; then
    page=$man/man1/apisec.1
    [ -f "$page" ] || { wrong "there is no $page"; exit 1; }
    render "$page" >"$work/text"
    words <"$work/text" >"$work/page"
    commands=$("$tool" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p')
    [ -n "$commands" ] || wrong "$tool --help lists no command"
    echo "$commands" >"$work/commands"
    while read -r command; do
        # shellcheck disable=SC2086 # a command's words
        "$tool" $command --help </dev/null >"$work/help"
        grep -qF " apisec $command " "$work/text" || wrong "$page: apisec $command is not in it"
        awk -v head=".SS \"apisec $command\"" 'NR == 1; /^\.S[SH]/ { inside = $0 == head } inside' "$page" >"$work/section"
        text=$(render "$work/section")
        for option in $(grep -oE '^  --[a-z0-9-]+' "$work/help"); do
            case $text in *" $option "*) ;; *) wrong "$page: $option of $command is not in it" ;; esac
        done
        lost=$(sed -e 's/^Usage://' -e 's/^Options:$//' "$work/help" | words | comm -23 - "$work/page")
        [ -z "$lost" ] || wrong "$page: lost from apisec $command --help: $(echo $lost)"
    done <"$work/commands"
    for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' FILES EXAMPLES 'SEE ALSO'; do
        grep -q "^\.SH \"*$section" "$page" || wrong "$page: it has no $section"
    done
fi
exit $bad
