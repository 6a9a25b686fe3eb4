#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install.sh GROUP...: looks for what the groups need and installs what is missing with the system's package manager, saying so
# first. Does nothing where all is there. Without root it prints the command to run and ends with 2. `make deps` calls it.
#
# A row below: group, what is looked for (a header, a command, or a case of missing_commands), and its package on Debian and Ubuntu,
# Fedora, Alpine, Arch; - for none, and @ for the version of gcc. No row may need a package that makes another go: Debian's
# gcc-multilib and its cross gcc exclude each other, so that neither stands here.
set -u

table='
base       stdlib.h           libc6-dev               glibc-devel          musl-dev           glibc
base       mbedtls/md.h       libmbedtls-dev          mbedtls-devel        mbedtls-dev        mbedtls
base       cjson/cJSON.h      libcjson-dev            cjson-devel          cjson-dev          cjson
base       zlib.h             zlib1g-dev              zlib-devel           zlib-dev           zlib
base       curl/curl.h        libcurl4-openssl-dev    libcurl-devel        curl-dev           curl
demo       microhttpd.h       libmicrohttpd-dev       libmicrohttpd-devel  libmicrohttpd-dev  libmicrohttpd
demo       gnutls/gnutls.h    libgnutls28-dev         gnutls-devel         gnutls-dev         gnutls
demo       openssl            openssl                 openssl              openssl            openssl
test       cmocka.h           libcmocka-dev           libcmocka-devel      cmocka-dev         cmocka
test       microhttpd.h       libmicrohttpd-dev       libmicrohttpd-devel  libmicrohttpd-dev  libmicrohttpd
test       gnutls/gnutls.h    libgnutls28-dev         gnutls-devel         gnutls-dev         gnutls
test       uv.h               libuv1-dev              libuv-devel          libuv-dev          libuv
test       openssl            openssl                 openssl              openssl            openssl
test       python3            python3                 python3              python3            python
test       pkg-config         pkg-config              pkgconf-pkg-config   pkgconf            pkgconf
test       groff              groff-base              groff-base           groff              groff
browser    chromium           chromium                chromium             chromium           chromium
browser    chromedriver       chromium-driver         chromedriver         chromium-chromedriver chromium
sanitizers clang              clang                   clang                clang              clang
sanitizers compiler-rt        libclang-rt-dev         compiler-rt          compiler-rt        compiler-rt
sanitizers g++                g++                     gcc-c++              g++                gcc
sanitizers valgrind           valgrind                valgrind             valgrind           valgrind
sanitizers cppcheck           cppcheck                cppcheck             cppcheck           cppcheck
sanitizers dpkg-source        dpkg-dev                dpkg-dev             dpkg-dev           dpkg
platforms  m32                gcc-@-multilib          glibc-devel.i686     gcc                lib32-glibc
platforms  dpkg-source        dpkg-dev                dpkg-dev             dpkg-dev           dpkg
emulation  clang              clang                   clang                clang              clang
emulation  qemu-s390x         qemu-user               qemu-user            qemu-s390x         qemu-user
emulation  s390x-linux-gnu-ld binutils-s390x-linux-gnu binutils-s390x-linux-gnu - -
emulation  s390x-libc         libc6-dev-s390x-cross   -                    -                  -
emulation  s390x-libgcc       libgcc-@-dev-s390x-cross gcc-s390x-linux-gnu -                  -
emulation  dpkg-source        dpkg-dev                dpkg-dev             dpkg-dev           dpkg
integration node              nodejs                  nodejs               nodejs             nodejs
integration npm               npm                     nodejs-npm           npm                npm
integration glewlwyd          glewlwyd                glewlwyd             glewlwyd           glewlwyd
integration sqlite3           sqlite3                 sqlite               sqlite             sqlite
integration curl              curl                    curl                 curl               curl
integration openssl           openssl                 openssl              openssl            openssl
'

# One run of the preprocessor asks for all headers at once.
missing_headers() {
    echo "$table" | awk -v groups=" $groups " '
        $2 ~ /\.h$/ && index(groups, " " $1 " ") { printf "#if !__has_include(<%s>)\nmissing \"%s\"\n#endif\n", $2, $2 }' |
        ${CC:-cc} ${CPPFLAGS-} -E -P - 2>/dev/null | sed -n 's/^missing "\(.*\)"$/\1/p'
}

links() { echo 'int main(void) { return 0; }' | "$@" -x c - -o /dev/null >/dev/null 2>&1; } # compiler and flags

missing_commands() {
    echo "$table" | awk -v groups=" $groups " '$2 !~ /\.h$/ && index(groups, " " $1 " ") { print $2 }' | while read -r name; do
        case $name in
        compiler-rt) # clang alone does not bring its sanitizers everywhere
            command -v clang >/dev/null && ls "$(clang -print-runtime-dir 2>/dev/null)" "$(clang -print-resource-dir)/lib/linux" 2>/dev/null |
                grep -q 'clang_rt\.[at]san.*\.a$' || echo "$name" ;;
        m32) links ${CC:-cc} -m32 || echo "$name" ;; # the compiler's and the C library's 32-bit half
        s390x-libc) command -v clang >/dev/null && echo '#include <stdlib.h>' | clang --target=s390x-linux-gnu -E - >/dev/null 2>&1 || echo "$name" ;;
        s390x-libgcc) links clang --target=s390x-linux-gnu || echo "$name" ;;
        *) command -v "$name" >/dev/null || echo "$name" ;;
        esac
    done
}

missing() { # the names of what is looked for and not there
    { missing_headers; missing_commands; } | awk '!seen[$0]++'
}

groups="$*"
${CC:-cc} --version >/dev/null 2>&1 || { echo "make deps: there is no C compiler ('${CC:-cc}'): install gcc or clang first" >&2; exit 2; }
lacking=$(missing)
[ -n "$lacking" ] || exit 0

if command -v apt-get >/dev/null; then column=3 install='apt-get install -y --no-install-recommends --no-remove' refresh='apt-get update'
elif command -v dnf >/dev/null; then column=4 install='dnf install -y' refresh=:
elif command -v apk >/dev/null; then column=5 install='apk add' refresh='apk update'
elif command -v pacman >/dev/null; then column=6 install='pacman -S --noconfirm --needed' refresh='pacman -Sy'
else
    echo "make deps: missing: $(echo $lacking)" >&2
    echo "make deps: no package manager is known here (apt-get, dnf, apk, pacman): install these and run make with DEPS=none" >&2
    exit 2
fi
packages=$(echo "$table" | awk -v lacking=" $(echo $lacking) " -v column=$column 'index(lacking, " " $2 " ") && $column != "-" { print $column }' |
    sed "s/@/$(gcc -dumpversion 2>/dev/null | cut -d. -f1)/" | sort -u)
packages=$(echo $packages)
[ -n "$packages" ] || { echo "make deps: missing, and no package is known here: $(echo $lacking)" >&2; exit 2; }

echo "make deps: missing: $(echo $lacking)"
if [ "$(id -u)" != 0 ]; then
    echo "make deps: run this as root, then try again:" >&2
    echo "    $install $packages" >&2
    exit 2
fi
echo "make deps: installing with: $install $packages"

export DEBIAN_FRONTEND=noninteractive
fresh=no
refresh_lists() { fresh=yes; echo "make deps: $refresh"; $refresh >/dev/null; }
if [ $column -eq 3 ] && ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then refresh_lists || exit 2; fi
# shellcheck disable=SC2086 # lists of words
if ! $install $packages >/dev/null; then
    # The lists may be older than what the mirror holds.
    [ $fresh = no ] && refresh_lists && $install $packages >/dev/null || {
        echo "make deps: '$install $packages' failed" >&2
        exit 2
    }
fi
lacking=$(missing)
[ -z "$lacking" ] || { echo "make deps: still missing after installing: $(echo $lacking)" >&2; exit 2; }
echo "make deps: all is there"
