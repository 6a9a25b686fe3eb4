# SPDX-License-Identifier: Apache-2.0
#
# cli.sh: what the tests of programs share; they read it first. A scratch folder, and checks that count.
# APISEC is the tool, BUILD the folder it was built in.

BUILD=$(cd "${BUILD:-build}" && pwd) || exit 1
APISEC=${APISEC:-$BUILD/apisec}
case $APISEC in /*) ;; *) APISEC=$PWD/$APISEC ;; esac
top=$PWD
scratch=$(mktemp -d) || exit 1
passed=0 failed=0
children=
finish() {
    for child in $children; do kill "$child" 2>/dev/null; done
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$scratch" || exit 1

pass() { passed=$((passed + 1)); }
wrong() { # name, what
    failed=$((failed + 1))
    echo "not as expected: $1: $2"
    sed 's/^/    stdout: /' out 2>/dev/null | head -n 5
    sed 's/^/    stderr: /' err 2>/dev/null | head -n 5
}
check() { # name, then a command that must succeed
    what=$1
    shift
    if "$@"; then pass; else wrong "$what" "$*"; fi
}
has() { grep -qF -- "$2" "$1"; }      # file, text
lacks() { ! grep -qF -- "$2" "$1"; }
summary() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}

# is_json: standard input is one strict JSON text. The tool says so too, but takes ten times as long to start.
if [ -x "$BUILD/test/cli/is_json" ]; then is_json() { "$BUILD/test/cli/is_json"; }; else is_json() { "$APISEC" json --max-members 1024 >/dev/null 2>&1; }; fi

# run NAME EXIT TEXT ARGUMENT…: runs the tool with standard input from the file `in`, and holds it against its promises: the exit
# status; TEXT in what it prints; one JSON object on standard output (silent=yes: nothing there); a sentence when it says no; no
# secret anywhere. Files `out` and `err` stay for further checks.
: >in
: >canaries # lines that no output may hold
silent=no
run() {
    name=$1 want=$2 text=$3
    shift 3
    "$APISEC" "$@" <in >out 2>err
    code=$?
    problem=
    [ $code -eq "$want" ] || problem="exit status $code, not $want"
    line='' more='' # with the shell's own means where they do: there are hundreds of runs
    { IFS= read -r line && ! IFS= read -r more && [ -z "$more" ]; } <out && one_line=yes || one_line=no
    case $line in *"$text"*) ;; *) has out "$text" || problem="${problem:+$problem; }no '$text' on standard output" ;; esac
    if [ $silent = yes ]; then
        [ ! -s out ] || problem="${problem:+$problem; }something is on standard output"
    else
        [ $one_line = yes ] && [ "${line#\{}" != "$line" ] && is_json <out ||
            problem="${problem:+$problem; }not one JSON object on standard output"
    fi
    IFS= read -r line <err || :
    case $want$line in 0* | [1-9]apisec*) ;; *) grep -q '^apisec' err || problem="${problem:+$problem; }no sentence on standard error" ;; esac
    [ ! -s canaries ] || { grep -qFf canaries out err && problem="${problem:+$problem; }a secret was printed"; }
    if [ -z "$problem" ]; then pass; else wrong "$name" "$problem"; fi
}

# make_certificates: ca.pem, and server.pem with server.key for 127.0.0.1.
make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem -subj '/CN=test CA' \
        -addext keyUsage=critical,keyCertSign >/dev/null 2>&1 &&
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -CA ca.pem -CAkey ca.key -keyout server.key \
            -out server.pem -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
            -addext basicConstraints=critical,CA:FALSE >/dev/null 2>&1
}

# start READY COMMAND…: starts a program in the background that ends when its standard input does, and waits for its first line, which
# goes to the file READY.
start() {
    ready=$1
    shift
    mkfifo "$ready.hold"
    : >"$ready"
    "$@" <"$ready.hold" >"$ready" 2>"$ready.err" &
    children="$children $!"
    exec 9>"$ready.hold"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        [ -s "$ready" ] && return 0
        sleep 0.1
    done
    echo "not as expected: $1 does not start"
    cat "$ready.err"
    return 1
}
member() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1"; } # file, name of a text
