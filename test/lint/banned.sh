#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# banned.sh: what is not written here: functions that cannot be used safely, words that promise a later repair, signatures that a
# foreign language cannot declare, and files and functions too long to read. Prints file:line of each.
set -u
export LC_ALL=C
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
all=$work/all lib=$work/lib public=$work/public found=$work/found

report() { # sentence; the places come on standard input
    places=$(cat)
    [ -z "$places" ] || printf '%s\n    %s\n' "$places" "$1" >>"$found"
}
sources() { find "$@" -name '*.[ch]' 2>/dev/null | sort; }
everywhere=$(sources lib include examples test)
# Code without comments and texts, so that a name in a sentence is no use of it. Keeps the line numbers.
code() {
    awk '
        FNR == 1 { inside = 0 }
        {
            line = $0
            gsub(/\\./, "", line); gsub(/"[^"]*"/, "\"\"", line)
            out = ""
            while (line != "") {
                if (inside) {
                    end = index(line, "*/")
                    if (!end) break
                    line = substr(line, end + 2); inside = 0
                } else {
                    start = index(line, "/*")
                    if (!start) { out = out line; break }
                    out = out substr(line, 1, start - 1); line = substr(line, start + 2); inside = 1
                }
            }
            print FILENAME ":" FNR ":" out
        }' "$@"
}

# shellcheck disable=SC2086 # a list of files
code $everywhere >"$all"
grep '^lib/' "$all" >"$lib"
grep '^include/' "$all" >"$public"

grep -E '(^|[^A-Za-z0-9_])(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|strtok_r|atoi|atol|atoll|atof|v?f?s?scanf|alloca|mktemp|tmpnam|rand|srand|random)[ ]*\(' "$all" |
    report 'this function is banned'
grep -E 'cJSON_(InitHooks|GetObjectItem|HasObjectItem|Parse|ParseWithOpts|ParseWithLength|Print|PrintUnformatted|Minify)[ ]*\(' "$lib" |
    report 'cJSON: only ParseWithLengthOpts and the case-sensitive readers, and no process-wide hooks'
grep -E '(^|[^A-Za-z0-9_])(printf|puts|putchar|perror|system|popen|exit|_exit|abort|assert|signal|sigaction|setenv|putenv|getenv|setlocale|localtime|gmtime|strerror|fork)[ ]*\(' "$lib" |
    grep -vE '^lib/guard/secret\.c:[0-9]+:.*[^A-Za-z0-9_]getenv\(name\)' | # what a document refers to
    report 'the library prints nothing, ends nothing, and touches nothing that belongs to its host'
grep -E '(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)' "$lib" | report 'the library has no terminal'
grep -E '(^|[^A-Za-z0-9_])goto[ ]+[a-z_]+' "$lib" | grep -vE 'goto[ ]+done;' | report 'goto goes to done only'
grep -E '(^|[^A-Za-z0-9_])((recalled_read|rules_rejudge)\(|recalled[ ]*=[^=])' "$lib" |
    grep -vE '^lib/(access/(recall|rejudge|rule_facts)\.[ch]|guard/replay\.c):' |
    report 'what a record says is for replaying only: where calls are judged there is none'
grep -E '(^|[^A-Za-z0-9_])[A-Za-z0-9_]*apisec_[a-z0-9_]+' "$lib" | grep -E '^[^:]*:[0-9]+:static .*[ *]apisec_[a-z0-9_]+\(' |
    report 'a static function has no prefix'

# ---- public headers: no more than a foreign language can declare ----
grep -E '(^|[^A-Za-z0-9_])(long|short|bool|_Bool|float|double|union|register|inline|va_list|time_t|FILE|wchar_t|ssize_t|off_t)([^A-Za-z0-9_]|$)' "$public" |
    report 'not in a public header: a type whose size or form depends on the machine'
grep -F '...' "$public" | report 'no varargs in a public header'
grep -E '#[ ]*define' "$public" | grep -vE '#define APISEC_[A-Z]+_H$' | report 'no macro in a public header but its guard'
grep -E '(^|[^A-Za-z0-9_])enum[ ]+[A-Za-z_]' "$public" | report 'codes are anonymous enums: no enum type in a public header'
grep -E ':[ ]*[0-9]+[ ]*;' "$public" | report 'no bit-fields in a public header'

# ---- words; the lints themselves name them ----
find lib include examples test pkgconfig .ci Makefile -type f ! -path 'test/lint/*' 2>/dev/null | sort |
    xargs grep -nHIE '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)|(^|[^A-Za-z])([Ss]tub(s|bed)?|[Pp]laceholders?|[Ff]or now)([^A-Za-z]|$)' |
    report 'finish it, or file an issue; do not leave a note'

# ---- form ----
# shellcheck disable=SC2086 # lists of files
{
    find lib include examples test -name '*.[ch]' -empty
    awk 'FNR == 1 && !/^\/\* SPDX-License-Identifier: Apache-2\.0/ { print FILENAME ":1" }' $everywhere
} | report 'the first line is the SPDX line'
# shellcheck disable=SC2086
awk '/\t/ { print FILENAME ":" FNR ": tab" } /[ \t\r]$/ { print FILENAME ":" FNR ": blank at the end of the line" }
    length($0) > 132 { # bytes; a character of UTF-8 counts once
        line = $0
        gsub(/[\200-\277]/, "", line)
        if (length(line) > 132) print FILENAME ":" FNR ": over 132 columns"
    }' $everywhere | report 'see .editorconfig'
# shellcheck disable=SC2046
awk '{ lines[FILENAME] = FNR } END { for (file in lines) if (lines[file] > 500) print file ": " lines[file] " lines" }' $(sources lib include) |
    sort | report 'a file has at most 500 lines'
# shellcheck disable=SC2046
awk 'FNR == 1 { from = 0 } /^\{$/ { from = FNR }
    /^\}/ && from { if (FNR - from - 1 > 60) print FILENAME ":" from ": " FNR - from - 1 " lines"; from = 0 }' $(sources lib) |
    report 'a function has at most 60 lines'

[ ! -s "$found" ] || { cat "$found"; exit 1; }
