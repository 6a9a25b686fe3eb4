# SPDX-License-Identifier: Apache-2.0
#
# tool.awk: apisec.1: what the tool itself says with --help, of the whole and of each command, and the examples of README.md. Reads,
# each after a line "\001 what": "help" (the whole), "command NAME" for each, "readme". Run by make.sh with roff.awk.

/^\001 / { what = $2; name = $0; sub(/^\001 [a-z]+ ?/, "", name); para = 0; in_commands = 0; next }

# ---- the whole ----
what == "help" && /^Usage: / { next }
what == "help" && /^Commands:$/ { in_commands = 1; next }
what == "help" && /^ *$/ { in_commands = 0; if (num_intro > 0 && intro[num_intro] != "") intro[++num_intro] = ""; next }
what == "help" && in_commands { next }
what == "help" { intro[++num_intro] = $0; whole = whole " " $0; next }

# ---- one command ----
what == "command" && /^Usage: / {
    command[++num_commands] = name
    synopsis[num_commands] = $0
    sub("^Usage: apisec " name " ?", "", synopsis[num_commands])
    next
}
what == "command" { text[num_commands, ++num_text[num_commands]] = $0; next }

# ---- examples: the fenced commands of the section about the tool, each with the sentence before it ----
what == "readme" && /^## / { in_section = /command-line tool/; next }
what == "readme" && !in_section { next }
what == "readme" && /^```sh$/ { fenced = 1; num_examples++; lead[num_examples] = before; next }
what == "readme" && /^```$/ { fenced = 0; before = ""; next }
what == "readme" && fenced { example[num_examples, ++num_example[num_examples]] = $0; next }
what == "readme" && /^<!--/ { next }
what == "readme" && /^ *$/ { before = ""; next }
what == "readme" { before = before (before == "" ? "" : " ") $0; next }

END {
    title("apisec", 1, "User commands")
    print ".SH NAME"
    last = ""
    sub(/\.$/, "", intro[1])
    print "apisec \\- " plain(tolower(substr(intro[1], 1, 1)) substr(intro[1], 2), 0)
    print ".SH SYNOPSIS"
    for (c = 1; c <= num_commands; c++) {
        print (c > 1 ? ".br\n" : "") ".B " code("apisec " command[c])
        if (synopsis[c] != "") print code(synopsis[c])
    }
    print ".br\n.B apisec\n[\\fICOMMAND\\fR] \\fB\\-\\-help\\fR\n.br\n.B apisec \\-\\-version"
    print ".SH DESCRIPTION"
    for (i = 2; i <= num_intro && intro[i] == ""; i++) ;
    for (num = 0; i <= num_intro; i++) lines[++num] = intro[i]
    while (num > 0 && lines[num] == "") num--
    paragraphs(lines, num)
    print ".SH COMMANDS"
    for (c = 1; c <= num_commands; c++) print_command(c)
    print_exit_status()
    print ".SH FILES\nThere is no configuration file: the tool reads what its options name, and nothing else."
    print "Keys and key sets are JSON Web Keys and JWK Sets (RFC 7517); an audit log is described in\n.BR apisec_audit (3)."
    print ".SH EXAMPLES"
    for (e = 1; e <= num_examples; e++) {
        print (e > 1 ? ".PP\n" : "") prose(lead[e]) "\n.PP\n.nf"
        for (i = 1; i <= num_example[e]; i++) print code(example[e, i])
        print ".fi"
    }
    print ".SH \"SEE ALSO\"\n" see("apisec(3) apisec_status(3) apisec_verifier(3) apisec_client(3) apisec_audit(3) apisec_json(3)")
}

function print_command(c,    i, s, head, in_options) {
    print ".SS \"apisec " command[c] "\""
    if (synopsis[c] != "") print code(synopsis[c])
    for (i = 1; i <= num_text[c]; i++) {
        s = text[c, i]
        if (s ~ /^ *$/) { if (!in_options) print ".PP" }
        else if (match(s, /^  --[a-z0-9-]+( [A-Z]+)?/)) {
            in_options = 1
            head = substr(s, 3, RLENGTH - 2)
            s = substr(s, RLENGTH + 1)
            sub(/^ +/, "", s)
            print ".TP\n" option_head(head) "\n" prose(s)
        } else if (s !~ /^Options:$/) {
            sub(/^ +/, "", s)
            print prose(s)
        }
    }
}

function option_head(s,    words) {
    split(s, words, " ")
    last = ""
    return bold(words[1]) (words[2] == "" ? "" : " \\fI" plain(words[2], 1) "\\fR")
}

# "Exit status: 0 this, 1 that, 2 more." of the help as a list.
function print_exit_status(    s, next_at, number) {
    print ".SH \"EXIT STATUS\""
    s = whole
    if (!match(s, /Exit status: [^.]*\./)) { print "tool.awk: --help says no exit status" > "/dev/stderr"; exit 1 }
    s = substr(s, RSTART + 13, RLENGTH - 14)
    while (match(s, /^[0-9]+ /)) {
        number = substr(s, 1, RLENGTH - 1)
        s = substr(s, RLENGTH + 1)
        next_at = match(s, /, [0-9]+ /)
        print ".TP\n\\fB" number "\\fR\n" prose(next_at ? substr(s, 1, next_at - 1) : s) "."
        s = next_at ? substr(s, next_at + 2) : ""
    }
}
