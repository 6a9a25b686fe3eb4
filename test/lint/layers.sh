#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# layers.sh: arrows only point down. Holds the table of lib/README.md: which folder of lib/ may include which others, and where the
# four libraries underneath may be used. Run in the project's folder; prints each include that breaks it.
set -u
files=$(find lib include examples -name '*.[ch]' 2>/dev/null | sort)

# shellcheck disable=SC2086 # a list of files
awk '
BEGIN {
    may["base"] = ""
    may["json"] = may["crypto"] = may["http"] = " base "
    ground = " base json crypto http "
    may["jose"] = ground
    may["oauth"] = may["audit"] = ground "jose "
    may["token"] = ground "jose oauth audit "
    may["access"] = ground "jose audit token "
    may["exchange"] = ground "jose oauth audit token "
    may["guard"] = ground "jose oauth audit token access exchange "

    # the folder that makes each public header true
    home["status"] = "base"; home["json"] = "json"; home["op"] = home["http"] = "http"; home["signer"] = home["encryption"] = "jose"
    home["audit"] = "audit"; home["call"] = home["trust"] = home["verifier"] = home["token"] = home["store"] = "token"
    home["access"] = home["decision"] = home["rules"] = home["limits"] = "access"; home["client"] = "exchange"; home["dpop"] = "oauth"; home["guard"] = home["replay"] = "guard"
}
function wrong(why) { printf "%s:%d: %s: %s\n", FILENAME, FNR, name, why; bad = 1 }
function below(room, other) { return room == other || index(may[room], " " other " ") }

/^[ \t]*#[ \t]*include/ {
    name = $0
    sub(/^[^<"]*[<"]/, "", name); sub(/[>"].*/, "", name)
    quoted = ($0 ~ /include[ \t]*"/)
    split(FILENAME, path, "/")
    place = path[1]; room = path[2]
    split(name, part, "/")

    if (name ~ /^(cjson\/|cJSON)/ && FILENAME !~ /^(lib\/json|examples)\//) wrong("cJSON is for lib/json only, and for examples")
    if (name ~ /^(mbedtls|psa)\// && FILENAME !~ /^lib\/crypto\//) wrong("mbedTLS is for lib/crypto only")
    if (name ~ /^curl\// && FILENAME !~ /^(lib\/http\/curl\.c$|examples\/)/) wrong("libcurl is for lib/http/curl.c only, and for examples")
    if (name ~ /^zlib/ && FILENAME !~ /^(lib\/base\/inflate\.c$|examples\/)/) wrong("zlib is for lib/base/inflate.c only, and for examples")

    if (place == "include" && (quoted || name !~ /^(apisec\/[a-z]+|stddef|stdint)\.h$/)) wrong("a public header includes only stddef.h, stdint.h and its own kind")
    if (place == "examples" && name ~ /\.\.|^lib\/|^(base|json|crypto|http|jose|oauth|audit|token|access|exchange|guard)\//) wrong("an example sees only the public headers")
    if (place != "lib") next

    if (!(room in may)) { wrong("lib/" room " is in no layer: see lib/README.md"); next }
    if (name ~ /\.\./) wrong("no include climbs")
    if (name == "apisec/apisec.h") wrong("the library includes the pillars it needs, not all of them")
    if (part[1] == "apisec") {
        pillar = part[2]; sub(/\.h$/, "", pillar)
        if (!(pillar in home)) wrong("no folder is the home of this public header: see test/lint/layers.sh")
        else if (!below(room, home[pillar])) wrong("lib/" room " must not know lib/" home[pillar])
        next
    }
    if (!quoted || part[1] == name || part[1] == room) next
    if (!(part[1] in may)) wrong("there is no lib/" part[1])
    else if (!below(room, part[1])) wrong("lib/" room " must not include lib/" part[1])
    else if (name != part[1] "/" part[1] ".h") wrong("of another folder only its face, " part[1] "/" part[1] ".h")
}
END { exit bad }' $files
