# libapisec. Targets:
#   make            libraries and tool in build/         make install    PREFIX DESTDIR LIBDIR INCLUDEDIR
#   make demo       the main job, as a story             make uninstall
#   make check      all tests that need no network       make asan tsan  the tests under sanitizers
#   make vectors    VECTORS=DIR: Wycheproof, JSONTestSuite
#   make bench      speed, memory, allocations           make lint       layers, symbols, banned functions
#   make deps       installs what is missing (DEPS=none skips it)        make clean
# V=1 shows the commands. CC, CFLAGS, LDFLAGS as usual; BUILD is the folder of all output; WERROR=1 stops at warnings.

VERSION := 0.1.0
SOVERSION := 0
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DEPS ?= auto
Q := $(if $(V),,@)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -pedantic $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong $(if $(findstring -O,$(CFLAGS)),$(if $(findstring fsanitize,$(CFLAGS)),,-D_FORTIFY_SOURCE=2))
ALL_CFLAGS := -std=c11 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -fvisibility=hidden -fPIC -pthread -MMD -MP $(WARNINGS) $(HARDEN) \
	-Iinclude -Ilib -DAPISEC_VERSION='"$(VERSION)"' $(CFLAGS)
MBEDTLS_CFLAGS ?=
MBEDTLS_LIBS ?= -lmbedcrypto
LIBS := $(MBEDTLS_LIBS) -lcjson
CURL_LIBS ?= -lcurl

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
HEADERS := $(sort $(wildcard include/apisec/*.h))
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/apisec/*.c)))

all: $(BUILD)/libapisec.a $(BUILD)/libapisec.so.$(SOVERSION) $(if $(TOOL_OBJECTS),$(BUILD)/apisec)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC      $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(MBEDTLS_CFLAGS) -c -o $@ $<

# The private names of the static library get a prefix, so that they never meet a name of the host program.
$(BUILD)/libapisec.a: $(LIB_OBJECTS)
	$(if $(V),,@echo "  AR      $@")
	$(Q)rm -rf $(BUILD)/static $@ && mkdir -p $(BUILD)/static
	$(Q)nm --defined-only -g $(LIB_OBJECTS) | awk 'NF == 3 && $$3 !~ /^apisec_/ { print $$3, "apisec__" $$3 }' | sort -u > $(BUILD)/static/names
	$(Q)for o in $(LIB_OBJECTS); do objcopy --redefine-syms=$(BUILD)/static/names $$o \
		$(BUILD)/static/$$(echo $${o#$(BUILD)/lib/} | tr / _) || exit 1; done
	$(Q)$(AR) rcsD $@ $(BUILD)/static/*.o

# The tests see the private functions.
$(BUILD)/private.a: $(LIB_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libapisec.so.$(SOVERSION): $(LIB_OBJECTS) lib/libapisec.map
	$(if $(V),,@echo "  LD      $@")
	$(Q)$(CC) -shared -pthread -Wl,-soname,libapisec.so.$(SOVERSION) -Wl,--version-script=lib/libapisec.map -Wl,-z,relro,-z,now \
		-Wl,--no-undefined $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJECTS) $(LIBS) $(CURL_LIBS)

$(BUILD)/apisec: $(TOOL_OBJECTS) $(BUILD)/libapisec.a
	$(if $(V),,@echo "  LD      $@")
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS)

# ---- tests ----
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard test/support/*.c)))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard test/unit/test_*.c)))
$(BUILD)/test/%: $(BUILD)/test/%.o $(SUPPORT_OBJECTS) $(BUILD)/private.a
	$(if $(V),,@echo "  LD      $@")
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS) $(CURL_LIBS)
$(BUILD)/test/%.o: ALL_CFLAGS += -Itest
TEST_LIBS := -lcmocka

unit: $(UNIT_TESTS)
	$(Q)for t in $^; do echo "  TEST    $$t"; $$t || exit 1; done

clean:
	$(Q)rm -rf $(BUILD)

.SECONDARY:
.PHONY: all unit clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
