# SPDX-License-Identifier: Apache-2.0
#
# header.awk: one public header as a page of section 3: its first comment, its types and constants, and each function with the
# comment above it. Also writes a page that only refers to it for every other name the header declares. Run by make.sh with roff.awk.
# Variables: part, parts (" access audit … "), version, out (the folder).

FNR == 1 { comment_open = $0 !~ /\*\//; first = 1; next }
comment_open { take_comment($0); next }
decl == "" && /^\/\*/ { num_comment = 0; comment_open = 1; first = 0; sub(/^\/\*/, " *"); take_comment($0); next }
decl == "" && /^#include </ { match($0, /[a-z]+\.h/); includes[++num_includes] = substr($0, RSTART, RLENGTH - 2); next }
decl == "" && (/^#/ || /^extern "C"/ || /^}$/) { next }
/^ *$/ { if (decl == "") { num_comment = 0; joined = 0 } next }
{
    decl = decl $0 "\n"
    bare = $0
    gsub(/\/\*.*\*\//, "", bare)
    depth += gsub(/\{/, "{", bare) - gsub(/\}/, "}", bare)
    if (depth == 0 && bare ~ /; *$/) { declared(); decl = "" }
}

function take_comment(s,    ends) {
    ends = s ~ /\*\/ *$/
    sub(/ *\*\/ *$/, "", s)
    sub(/^ ?\* ?/, "", s)
    if (first) { if (!ends || s != "") about[++num_about] = s }
    else if (!ends || s != "") comment[++num_comment] = s
    if (ends) comment_open = 0
}

function declared(    name) {
    if (decl !~ /\{/ && decl !~ /^typedef/ && match(decl, /apisec_[a-z0-9_]+\(/)) {
        name = substr(decl, RSTART, RLENGTH - 1)
        prototype[++num_functions] = decl
        function_name[num_functions] = name
        # Functions that follow each other without a comment between share the one above them.
        if (num_comment > 0 || !joined) keep_comment(++num_sections)
        section_of[num_functions] = num_sections
        joined = 1
    } else {
        types[++num_types] = decl
        keep_comment("t" num_types)
        joined = 0
    }
    num_comment = 0
}

function keep_comment(key,    i) {
    said_num[key] = num_comment
    for (i = 1; i <= num_comment; i++) said[key, i] = comment[i]
}

function print_comment(key,    i, lines) {
    for (i = 1; i <= said_num[key]; i++) lines[i] = said[key, i]
    paragraphs(lines, said_num[key])
}

function type_name(s) {
    gsub(/\{[^}]*\}/, " ", s)
    gsub(/[ ;\n]+/, " ", s)
    if (!match(s, /apisec_[a-z0-9_]+ $/)) return ""
    return substr(s, RSTART, RLENGTH - 1)
}

# ---- the page ----
END {
    page = page_of(part)
    file = out "/" page ".3"
    title(page, 3, "libapisec manual")
    print_name()
    print_synopsis()
    print_description()
    print_types()
    print_functions()
    if (num_threads > 0) { print ".SH THREADS"; paragraphs(threads, num_threads) }
    print_see_also()
}

function print_name(    i, names, name) {
    names = page
    for (i = 1; i <= num_types; i++) if ((name = type_name(types[i])) != "") names = names refer(name, names)
    for (i = 1; i <= num_functions; i++) names = names refer(function_name[i], names)
    for (i = 1; i <= num_about && about[i] !~ /^[a-z]+\.h: /; i++) ;
    summary = about[i]
    sub(/^[a-z]+\.h: /, "", summary)
    for (i++; i <= num_about && about[i] !~ /^ *$/; i++) summary = summary " " about[i]
    rest_from = i + 1
    # The name has the first sentence; the description begins with the others.
    if (match(summary, /\. /)) {
        more = substr(summary, RSTART + 2)
        summary = substr(summary, 1, RSTART - 1)
    }
    sub(/[.:]$/, "", summary)
    print ".SH NAME"
    last = ""
    print names " \\- " plain(summary, 0)
}

# refer makes the page that leads from a name to this page, and returns the name for the list.
function refer(name, names) {
    if (index(", " names ",", ", " name ",")) return ""
    if (index(parts, " " substr(name, 8) " ")) return ""
    print ".so man3/" page ".3" > (out "/" name ".3")
    close(out "/" name ".3")
    return ", " name
}

function print_code(s,    i, n, lines) {
    n = split(s, lines, "\n")
    for (i = 1; i <= n; i++) if (lines[i] != "") print code(lines[i])
}

function print_synopsis(    i) {
    print ".SH SYNOPSIS\n.nf\n.ft B"
    print code("#include <apisec/" part ".h>")
    if (num_types > 0) print ".PP"
    for (i = 1; i <= num_types; i++) if (types[i] !~ /\{/) print_code(types[i])
    for (i = 1; i <= num_functions; i++) {
        if (i == 1 || section_of[i] != section_of[i - 1]) print ".PP"
        print_code(wrapped(prototype[i]))
    }
    if (part == "apisec") print ".PP\n" code("cc service.c $(pkg-config --cflags --libs apisec)")
    print ".ft R\n.fi"
}

function print_description(    i, lines, num) {
    print ".SH DESCRIPTION"
    for (i = rest_from; i <= num_about; i++) {
        if (about[i] ~ /^Threads: /) {
            num_threads = 1
            about[i] = toupper(substr(about[i], 10, 1)) substr(about[i], 11)
        }
        if (num_threads > 0) threads[num_threads++] = about[i]
        else lines[++num] = about[i]
    }
    if (num_threads > 0) num_threads--
    while (num > 0 && lines[num] ~ /^ *$/) num--
    if (more != "") print prose(more)
    if (more != "" && num > 0) print ".PP"
    if (num > 0) paragraphs(lines, num)
    if (num == 0 && more == "") print prose(toupper(substr(summary, 1, 1)) substr(summary, 2) ".")
    if (part != "apisec") return
    print ".PP\nIncluding it includes all of these:"
    for (i = 1; i <= num_includes; i++) print ".TP\n\\fB" page_of(includes[i]) "\\fR(3)\n" prose(summary_of(includes[i]))
}

function summary_of(other,    s) {
    while ((getline s < ("include/apisec/" other ".h")) > 0) if (sub(/^ \* [a-z]+\.h: /, "", s)) break
    close("include/apisec/" other ".h")
    return s
}

function print_types(    i) {
    for (i = 1; i <= num_types; i++) {
        if (types[i] !~ /\{/ && said_num["t" i] == 0) continue
        if (!opened++) print ".SH \"TYPES AND CONSTANTS\""
        if (types[i] ~ /^(typedef )?enum/) print_enum(i)
        else {
            print ".SS " type_name(types[i])
            print_comment("t" i)
            if (types[i] ~ /\{/) print_struct(types[i])
        }
    }
}

function print_enum(i,    n, k, lines, note, s) {
    n = split(types[i], lines, "\n")
    note = note_in(lines[1])
    s = note
    sub(/:.*/, "", s)
    print ".SS " (note ~ /^[a-z_]+: / ? "\"Constants of " code(s) "\"" : "Constants")
    if (note ~ /^[a-z_]+: /) { sub(/^[a-z_]+: /, "", note); note = toupper(substr(note, 1, 1)) substr(note, 2) ":" }
    if (said_num["t" i] > 0) print_comment("t" i)
    if (note != "") print prose(note)
    for (k = 1; k <= n; k++) {
        if (!match(lines[k], /APISEC_[A-Z0-9_]+ = -?[0-9]+/)) continue
        print ".TP\n" bold_line(substr(lines[k], RSTART, RLENGTH))
        if ((s = note_in(lines[k])) != "") print prose(s)
    }
}

function note_in(s) {
    if (!match(s, /\/\* .* \*\//)) return ""
    return substr(s, RSTART + 3, RLENGTH - 6)
}

# A struct's members as they are declared, then what the comments beside or above them say.
function print_struct(s,    n, k, lines, bare, note, member) {
    n = split(s, lines, "\n")
    print ".PP\n.nf\n.ft B"
    for (k = 1; k <= n; k++) {
        bare = lines[k]
        sub(/ *\/\*.*/, "", bare)
        if (bare ~ /^ *\* / || bare ~ /^ *$/) continue
        print code(bare)
    }
    print ".ft R\n.fi"
    for (k = 1; k <= n; k++) {
        if (match(lines[k], /^ *\/\* /)) note = note_open(lines[k], "")
        else if (lines[k] ~ /^ *\* /) note = note_open(lines[k], note)
        else if (lines[k] ~ /;/) {
            member = lines[k]
            sub(/ *\/\*.*/, "", member)
            sub(/;.*/, "", member)
            sub(/^ +/, "", member)
            if (note_in(lines[k]) != "") note = note_in(lines[k])
            if (note != "" && member !~ /^}/) print ".TP\n" bold_line(member) "\n" prose(note)
            note = ""
        }
    }
}

function note_open(s, before) {
    gsub(/^ *\/?\* | *\*\/ *$/, "", s)
    return before (before == "" ? "" : " ") s
}

function print_functions(    i, names) {
    if (num_functions > 0) print ".SH FUNCTIONS"
    for (i = 1; i <= num_functions; i++) {
        names = (names == "" ? "" : names ", ") function_name[i] "()"
        if (i < num_functions && section_of[i + 1] == section_of[i]) continue
        print ".SS \"" names "\""
        if (said_num[section_of[i]] > 0) print_comment(section_of[i])
        else print "See\n.BR apisec_status (3)."
        names = ""
    }
}

function print_see_also(    i, list, seen) {
    list = "apisec(1)" (part == "apisec" ? "" : " apisec(3)") (part == "status" || part == "apisec" ? "" : " apisec_status(3)")
    for (i = 1; i <= num_includes && part != "apisec"; i++)
        if (includes[i] != "status") list = list " " page_of(includes[i]) "(3)"
    print ".SH \"SEE ALSO\"\n" see(list)
}
