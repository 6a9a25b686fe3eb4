#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docs.sh: what is declared is documented, and what is written about exists: every public function has a comment; every status and
# function that a page names is in a header; every status has its row in the table of lib/base/status.c, with the same HTTP status
# that its comment begins with.
set -u
bad=0
wrong() { echo "$*"; bad=1; }
pages=$(find README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md lib/README.md lib/man examples -type f \( -name '*.md' -o -name '*.[1-9]' \) 2>/dev/null | sort)

# A function is documented by a comment that names it, or that stands above it in the same paragraph; _new and _free of a handle by
# status.h, which says once what they do.
for header in include/apisec/*.h; do
    awk -v header="$header" '
        /^$/ { commented = 0 }
        { text = text " " $0 "\n" }
        /\/\*/ { commented = 1; inside = 1 }
        !inside && match($0, /apisec_[a-z0-9_]+\(/) && $0 !~ /^[ \t]*\*/ && $0 ~ /^[a-z]/ {
            name = substr($0, RSTART, RLENGTH - 1)
            if (!commented && name !~ /_(new|free)$/) open[name] = FNR
        }
        inside { said = said " " $0 }
        /\*\// { inside = 0 }
        END {
            for (name in open) if (said !~ ("[^a-z0-9_]" name "[^a-z0-9_]")) { print header ":" open[name] ": " name " has no comment"; bad = 1 }
            exit bad
        }' "$header" || bad=1
done

statuses=$(sed -n 's/^ *\(APISEC_E_[A-Z_]*\) = -[0-9]*.*/\1/p' include/apisec/status.h)
functions=$(cat include/apisec/*.h | grep -oE 'apisec_[a-z0-9_]+\(' | tr -d '(' | sort -u)
if [ -n "$pages" ]; then
    # shellcheck disable=SC2086 # a list of files
    for status in $(grep -ohE 'APISEC_E_[A-Z_]*[A-Z]' $pages | sort -u); do
        echo "$statuses" | grep -qx "$status" || wrong "$(grep -nFw "$status" $pages /dev/null | head -n 1): there is no $status"
    done
    # shellcheck disable=SC2086
    for function in $(grep -ohE '(^|[^A-Za-z0-9_/])apisec_[a-z0-9_]*[a-z0-9]\(' $pages | grep -oE 'apisec_[a-z0-9_]+' | sort -u); do
        echo "$functions" | grep -qx "$function" || wrong "$(grep -nFw "$function" $pages /dev/null | head -n 1): there is no $function"
    done
fi
for status in $statuses; do
    http=$(sed -n "s/^ *$status = -[0-9]*,* *\/\* \([0-9]*\) .*/\1/p" include/apisec/status.h)
    grep -q "^ *{$status, ${http:-none}, " lib/base/status.c ||
        wrong "include/apisec/status.h: $status, to be replied to with ${http:-no HTTP status}, has no such row in lib/base/status.c"
done
exit $bad
