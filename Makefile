# libapisec. Targets:
#   make            libraries and tool in build/         make install      PREFIX DESTDIR LIBDIR INCLUDEDIR BINDIR MANDIR
#   make demo       the main job, as a story             make uninstall    the same variables
#   make demo-serve the same, for a person's browser     make check-browser a session in headless Chromium
#   make check      all tests that need no network       make asan tsan    the tests under sanitizers
#   make unit       the unit tests only                  make mbedtls-3.6  the tests with Debian 13's mbedTLS
#   make lint       layers, symbols, banned functions    make vectors      VECTORS=DIR: Wycheproof, JSONTestSuite
#   make bench      speed, allocations, threads          make install-test programs outside the tree
#   make deps       installs what is missing             make format       clang-format
#   make platforms  no libcurl, other processors         make check-integration  with real authorization servers
#   make docs       manual pages; `make` does so too     make dist         the sources as one file; make dist-test
#   make clean                                           make demo-loop  a thousand requests in one thread
# V=1 shows the commands. CC, AR, NM, OBJCOPY, CFLAGS, LDFLAGS as usual; BUILD is the folder of all output; WERROR=1 stops at warnings;
# DEPS=none skips the look for missing packages; HTTP=none builds without libcurl and zlib, STATUS=none without zlib (status lists),
# LIMITS=none without rate limits and guards of bodies;
# RSA_DECRYPT=old decrypts with RSA also where mbedTLS leaks through time (before 2.28.7): for tokens that nobody else can time.

VERSION := 0.1.0
SOVERSION := 0
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DEPS ?= auto
HTTP ?= curl
NM ?= nm
OBJCOPY ?= objcopy
STATUS ?= $(if $(filter none,$(HTTP)),none,zlib)
LIMITS ?= all
# Without libcurl or zlib, what only needs them is left out.
ABSENT := $(or $(if $(filter curl,$(HTTP)),http/none),$(if $(filter none,$(HTTP)),http/curl http/idle http/sigpipe),$(error HTTP is curl or none)) \
	$(or $(if $(filter zlib,$(STATUS)),token/status_none),$(if $(filter none,$(STATUS)),base/inflate token/status_list token/status_store \
	token/status_fetch),$(error STATUS is zlib or none)) \
	$(or $(if $(filter all,$(LIMITS)),access/limit_none),$(if $(filter none,$(LIMITS)),access/limiter access/limit_read \
	access/body),$(error LIMITS is all or none))
RSA_DECRYPT ?=
RSA_DECRYPT_OLD := -DAPISEC_RSA_DECRYPT_OLD
Q := $(if $(V),,@)
# What a person calls builds with all processors, unless told otherwise with -j.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
SAY := @$(if $(V),:,printf '  %-7s %s\n')

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -pedantic $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong $(if $(findstring -O,$(CFLAGS)),$(if $(findstring fsanitize,$(CFLAGS)),,-D_FORTIFY_SOURCE=2))
ALL_CFLAGS := -std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -fvisibility=hidden -fPIC -pthread -MMD -MP $(WARNINGS) $(HARDEN) \
	'-ffile-prefix-map=$(CURDIR)=.' -Iinclude -Ilib -DAPISEC_VERSION='"$(VERSION)"' \
	$(if $(RSA_DECRYPT),$(or $(if $(filter old,$(RSA_DECRYPT)),$(RSA_DECRYPT_OLD)),$(error RSA_DECRYPT is old or nothing))) $(CPPFLAGS) $(CFLAGS)
MBEDTLS_CFLAGS ?=
MBEDTLS_LIBS ?= -lmbedcrypto
LIBS := $(MBEDTLS_LIBS) -lcjson $(if $(filter zlib,$(STATUS)),-lz)
CURL_LIBS ?= $(if $(filter curl,$(HTTP)),-lcurl)

LIB_SOURCES := $(filter-out $(ABSENT:%=lib/%.c),$(sort $(wildcard lib/*/*.c)))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
HEADERS := $(sort $(wildcard include/apisec/*.h))
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/apisec/*.c)))
STATIC := $(BUILD)/libapisec.a
SHARED := $(BUILD)/libapisec.so.$(SOVERSION)
TOOL := $(if $(TOOL_OBJECTS),$(BUILD)/apisec)
MAN := $(BUILD)/man/man3/apisec.3

all: $(STATIC) $(SHARED) $(TOOL) $(MAN)

# All objects depend on this file, which changes when the compiler or its flags do.
FLAGS := $(CC) $(ALL_CFLAGS) $(MBEDTLS_CFLAGS) HTTP=$(HTTP) STATUS=$(STATUS) LIMITS=$(LIMITS)
ifneq ($(FLAGS),$(file <$(BUILD)/flags))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS))
endif

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(MBEDTLS_CFLAGS) -c -o $@ $<

# The guard's JSON Schema goes along in the library, as the numbers of its bytes.
$(BUILD)/lib/guard/schema.inc: lib/guard/schema.json
	@mkdir -p $(@D)
	$(Q)od -An -v -tu1 $< | awk '{ for (i = 1; i <= NF; i++) printf "%s,", $$i; print "" }' > $@
$(BUILD)/lib/guard/schema.o: $(BUILD)/lib/guard/schema.inc
$(BUILD)/lib/guard/schema.o: ALL_CFLAGS += -I$(BUILD)/lib

# The private names of the static library get a prefix, so that they never meet a name of the host program.
$(STATIC): $(LIB_OBJECTS)
	$(SAY) AR $@
	$(Q)rm -rf $(BUILD)/static $@ && mkdir -p $(BUILD)/static
	$(Q)$(NM) --defined-only -g $(LIB_OBJECTS) | awk 'NF == 3 && $$3 !~ /^apisec_/ { print $$3, "apisec__" $$3 }' | sort -u > $(BUILD)/static/names
	$(Q)for o in $(LIB_OBJECTS); do $(OBJCOPY) --redefine-syms=$(BUILD)/static/names $$o \
		$(BUILD)/static/$$(echo $${o#$(BUILD)/lib/} | tr / _) || exit 1; done
	$(Q)$(AR) rcsD $@ $(BUILD)/static/*.o

$(SHARED): $(LIB_OBJECTS) lib/libapisec.map
	$(SAY) LD $@
	$(Q)$(CC) -shared -pthread -Wl,-soname,libapisec.so.$(SOVERSION) -Wl,--version-script=lib/libapisec.map -Wl,-z,relro,-z,now \
		$(if $(findstring fsanitize,$(CFLAGS)),,-Wl,--no-undefined) $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJECTS) $(LIBS) $(CURL_LIBS)

$(BUILD)/apisec: $(TOOL_OBJECTS) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS)

$(MAN): $(sort $(wildcard lib/man/*)) $(HEADERS) README.md $(TOOL)
	$(SAY) MAN $(BUILD)/man
	$(Q)sh lib/man/make.sh $(BUILD)/man $(VERSION) $(TOOL)
docs: $(MAN)

include test/test.mk
-include examples/examples.mk

# ---- installing ----
PC := $(DESTDIR)$(LIBDIR)/pkgconfig/apisec.pc

install: all
	$(SAY) INSTALL $(DESTDIR)$(PREFIX)
	$(Q)install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/apisec $(if $(TOOL),$(DESTDIR)$(BINDIR))
	$(Q)install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/apisec
	$(Q)install -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/libapisec.a
	$(Q)install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/libapisec.so.$(VERSION)
	$(Q)ln -sf libapisec.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libapisec.so.$(SOVERSION)
	$(Q)ln -sf libapisec.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libapisec.so
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(LIBS) $(CURL_LIBS)|' \
		-e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' \
		pkgconfig/apisec.pc.in > $(PC)
	$(Q)chmod 644 $(PC)
	$(if $(TOOL),$(Q)install -m 755 $(TOOL) $(DESTDIR)$(BINDIR)/apisec)
	$(Q)for s in man1 man3; do test ! -d $(BUILD)/man/$$s || { install -d $(DESTDIR)$(MANDIR)/$$s && \
		install -m 644 $(BUILD)/man/$$s/* $(DESTDIR)$(MANDIR)/$$s; } || exit 1; done

uninstall:
	$(Q)rm -f $(DESTDIR)$(LIBDIR)/libapisec.a $(DESTDIR)$(LIBDIR)/libapisec.so* $(PC) $(DESTDIR)$(BINDIR)/apisec
	$(Q)rm -f $(DESTDIR)$(MANDIR)/man1/apisec.1 $(DESTDIR)$(MANDIR)/man3/apisec.3 $(DESTDIR)$(MANDIR)/man3/apisec_*.3
	$(Q)rm -rf $(DESTDIR)$(INCLUDEDIR)/apisec

# The sources as one file. Its bytes follow from the files alone, so that anybody can make it again and compare: from a clone, from
# what git tracks; from the unpacked file, from what is there.
DIST := apisec-$(VERSION)
SOURCE_DATE_EPOCH ?= 1767225600
dist:
	$(SAY) DIST $(BUILD)/$(DIST).tar.gz
	$(Q)mkdir -p $(BUILD)
	$(Q)if [ "$$(git rev-parse --show-toplevel 2>/dev/null)" = "$$(pwd -P)" ]; then git ls-files; \
		else find . \( -path ./build -o -path ./.git \) -prune -o \( -type f -o -type l \) -print | sed 's|^\./||'; fi | LC_ALL=C sort > $(BUILD)/dist.list
	$(Q)tar --format=ustar --no-recursion --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@$(SOURCE_DATE_EPOCH) \
		--transform='flags=r;s|^|$(DIST)/|' -cf $(BUILD)/$(DIST).tar -T $(BUILD)/dist.list
	$(Q)gzip -9nf $(BUILD)/$(DIST).tar && rm -f $(BUILD)/dist.list

# Groups of packages, as in test/deps/install.sh. A target that needs fewer or more says so.
NEEDS := base demo test
deps:
	$(Q)test "$(DEPS)" = none || CC="$(CC)" sh test/deps/install.sh $(NEEDS) $(filter-out auto,$(DEPS))
demo demo-serve demo-loop: NEEDS := base demo
asan tsan: NEEDS += sanitizers
check-browser: NEEDS += browser

format:
	$(Q)clang-format -i $(wildcard include/apisec/*.h lib/*/*.[ch] test/*/*.[ch] examples/*/*.[ch])

clean:
	$(Q)rm -rf $(BUILD)

.SECONDARY:
.PHONY: all docs dist install uninstall deps format clean
-include $(shell find $(addprefix $(BUILD)/,lib test examples) -name '*.d' 2>/dev/null)
