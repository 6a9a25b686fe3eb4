# SPDX-License-Identifier: Apache-2.0
#
# roff.awk: text of headers and help as roff. What these functions return never begins a request, holds ASCII only, and shows every
# character that was there. Character by character, because awks differ about backslashes in replacements. Wants LC_ALL=C.

# plain: the characters of s; those that roff would interpret or change into others are named. A hyphen that begins a word or stands
# in code is a minus sign, which can be copied and searched for.
function plain(s, is_code,    i, c, out) {
    gsub(/…/, "...", s)
    gsub(/±/, "\001", s)
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\") out = out "\\e"
        else if (c == "-") out = out (is_code || last !~ /[A-Za-z0-9]/ ? "\\-" : "-")
        else if (c == "\"") out = out "\\(dq"
        else if (c == "'") out = out "\\(aq"
        else if (c == "`") out = out "\\(ga"
        else if (c == "^") out = out "\\(ha"
        else if (c == "~") out = out "\\(ti"
        else if (c == "\001") out = out "\\(+-"
        else if (c == "," && substr(s, i + 1, 1) ~ /["a-z{]/) out = out ",\\:"
        else out = out c
        last = c
    }
    return out
}

function line_safe(s) { return s ~ /^[.']/ ? "\\&" s : s }

function code(s) { last = ""; return line_safe(plain(s, 1)) }

function bold(s) { return "\\fB" plain(s, 1) "\\fR" }

# prose: the same with names in bold: functions, constants, options, what stands in backticks; status.h becomes apisec_status(3).
function prose(s,    out, word) {
    last = ""
    while (match(s, /`[^`]+`|\*[a-z]+\*|--[a-z][a-z-]*[a-z]|[A-Za-z_][A-Za-z0-9_]*(\.h)?/)) {
        out = out plain(substr(s, 1, RSTART - 1), 0)
        word = substr(s, RSTART, RLENGTH)
        s = substr(s, RSTART + RLENGTH)
        if (word ~ /^`/) out = out bold(substr(word, 2, length(word) - 2))
        else if (word ~ /^\*/) out = out "\\fI" plain(substr(word, 2, length(word) - 2), 0) "\\fR"
        else if (word ~ /\.h$/ && index(parts, " " substr(word, 1, length(word) - 2) " "))
            out = out bold(page_of(substr(word, 1, length(word) - 2))) "(3)"
        else if (word ~ /^(--.*|apisec_[a-z0-9_]*[a-z0-9]|APISEC_[A-Z0-9_]*[A-Z0-9])$/) out = out bold(word)
        else out = out plain(word, 0)
        last = "a"
    }
    return line_safe(out plain(s, 0))
}

function page_of(part) { return part == "apisec" ? "apisec" : "apisec_" part }

# title: a page's first lines. It has no date: the version says what it describes, and two builds are the same bytes. Names are not
# hyphenated, and lines not stretched around the long ones.
function title(name, section, manual) {
    printf ".TH %s %s \"\" \"libapisec %s\" \"%s\"\n.ad l\n.nh\n", code(toupper(name)), section, version, manual
}

# wrapped: code on lines of at most 74 columns where its commas allow, those after the first indented.
function wrapped(s,    rest, line, out, i) {
    gsub(/[ \t\n]+/, " ", s)
    sub(/ $/, "", s)
    rest = s
    while (length(rest) > (out == "" ? 74 : 66)) {
        for (i = out == "" ? 74 : 66; i > 0 && substr(rest, i, 2) != ", "; i--) ;
        if (i == 0) break
        line = substr(rest, 1, i)
        out = out (out == "" ? "" : "        ") line "\n"
        rest = substr(rest, i + 2)
    }
    return out (out == "" ? "" : "        ") rest
}

# paragraphs: lines[1..num] of a comment. Indented ones are an example as it stands, or, where the first of them has two columns,
# three spaces apart, a list of names and what they mean.
function paragraphs(lines, num,    i, s, block, depth) {
    block = ""
    for (i = 1; i <= num; i++) {
        s = lines[i]
        if (s ~ /^- /) {
            print ".IP \\(bu 2"
            print prose(substr(s, 3))
            block = "bullet"
        } else if (s ~ /^ *$/) {
            if (block == "code") print ".fi"
            print ".PP"
            block = ""
        } else if (s ~ /^  / && block == "bullet") {
            sub(/^ +/, "", s)
            print prose(s)
        } else if (s ~ /^  /) {
            if (block != "code" && block != "list") {
                block = s ~ /^ +[^ ].*[^ ]   +[^ ]/ ? "list" : "code"
                match(s, /^ +/)
                depth = RLENGTH
                if (block == "code") print ".PP\n.nf"
            }
            if (block == "code") print code(substr(s, depth + 1))
            else list_line(s, depth)
        } else {
            if (block == "code") print ".fi\n.PP"
            if (block == "list" || block == "bullet") print ".PP"
            print prose(s)
            block = ""
        }
    }
    if (block == "code") print ".fi"
}

function list_line(s, depth,    tag) {
    match(s, /^ +/)
    if (RLENGTH > depth) { print prose(substr(s, RLENGTH + 1)); return }
    s = substr(s, depth + 1)
    if (!match(s, /  +/)) match(s, / /)
    tag = substr(s, 1, RSTART - 1)
    print ".TP\n" bold_line(tag) "\n" prose(substr(s, RSTART + RLENGTH))
}

function bold_line(s) { last = ""; return bold(s) }

# see: the references of a list of name(section) words.
function see(list,    i, n, words, out) {
    n = split(list, words, " ")
    for (i = 1; i <= n; i++) {
        sub(/\(/, " (", words[i])
        out = out (i == 1 ? "" : "\n") ".BR " words[i] (i < n ? "," : "")
    }
    return out
}
