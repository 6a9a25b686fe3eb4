# test.mk: how the tests are built and run. A test is one source file below test/, linked with test/support and the whole library
# including its private names; the folder it lies in says when it runs:
#   test/unit, test/attack, test/fixtures, test/cli, test/ffi, test/mesh, test/lint: make check
#   test/vectors: make vectors VECTORS=DIR    test/install: make install-test, dist-test    test/bench: make bench
#   test/mesh/browser.py: make check-browser
#   test/platforms: make platforms
# make check TEST_EVERY=1 takes each step of the walks that are taken in strides otherwise (test/support/stride.h).
#   test/integration: make check-integration, which needs the network

# Without libcurl there is no use for the https server, and the tests need nothing else but cmocka; without zlib none for lists.
TEST_LIBS := -lcmocka $(if $(filter curl,$(HTTP)),-lmicrohttpd -lgnutls)
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(if $(filter none,$(HTTP)),%/https_server.c %/far_server.c) $(if $(filter none,$(STATUS)),%/lists.c),$(sort $(wildcard test/support/*.c))))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(filter none,$(LIMITS)),%/test_limit_apply.c) $(foreach file,$(ABSENT),test/unit/test_$(notdir $(file)).c),$(sort $(wildcard test/unit/test_*.c))))
ATTACK_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(filter none,$(STATUS)),%/attack_status.c) $(if $(filter none,$(LIMITS)),%/attack_limits.c %/attack_guard_document.c) $(if $(filter none,$(HTTP)),%/attack_system.c %/attack_system_tool.c),$(sort $(wildcard test/attack/attack*.c))))
VECTOR_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(filter none,$(STATUS)),%/statuslist.c),$(sort $(wildcard test/vectors/*.c))))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(filter none,$(LIMITS)),%/bench_limit.c %/bench_decide.c),$(sort $(wildcard test/bench/*.c))))
CLI_TESTS := $(filter-out $(if $(filter none,$(STATUS)),%/status.sh),$(sort $(wildcard test/cli/*.sh)))
LINTS := $(addprefix test/lint/,layers.sh banned.sh docs.sh headers.sh symbols.sh man.sh)

# The schema is that of a library with all its parts.
SCHEMA_TEST := $(if $(filter none,$(HTTP) $(STATUS) $(LIMITS)),,test/ffi/test_schema.py)

MESH_TESTS := $(BUILD)/test/mesh/test_mesh $(BUILD)/test/mesh/test_rules
CLI_ISSUER := $(BUILD)/test/cli/issuer
CLI_JSON := $(BUILD)/test/cli/is_json
CLI_HELPERS := $(CLI_ISSUER) $(CLI_JSON)

# The tests see the private functions, and decrypt with RSA whatever the mbedTLS: that the library refuses to is seen by test/cli.
RSA_DECRYPT_OBJECT := $(BUILD)/rsa_decrypt_old.o
$(RSA_DECRYPT_OBJECT): lib/crypto/mbedtls_marvin.c $(BUILD)/flags
	$(Q)$(CC) $(ALL_CFLAGS) $(MBEDTLS_CFLAGS) -U$(RSA_DECRYPT_OLD:-D%=%) $(RSA_DECRYPT_OLD) -c -o $@ $<
$(BUILD)/private.a: $(filter-out %/mbedtls_marvin.o,$(LIB_OBJECTS)) $(RSA_DECRYPT_OBJECT)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

# An archive, of which a test takes what it needs: most need no server, and start sooner without libgnutls.
$(BUILD)/support.a: $(SUPPORT_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

COMMA := ,
# There are many tests: where it works they are linked with gold, which is faster; never the library, the tool or the examples.
IS_PLAIN := $(and $(filter -O2,$(CFLAGS)),$(if $(LDFLAGS),,yes))
TEST_LD = $(eval TEST_LD := $(if $(IS_PLAIN),$(shell echo 'int main(void) { return 0; }' | \
	$(CC) -fuse-ld=gold -x c - -o $(BUILD)/linker 2>/dev/null && echo -fuse-ld=gold)))$(TEST_LD)

$(BUILD)/test/%: $(BUILD)/test/%.o $(BUILD)/support.a $(BUILD)/private.a $(filter %.a,$(MBEDTLS_LIBS))
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(TEST_LD) $(if $(IS_PLAIN),-Wl$(COMMA)-S) -Wl,--as-needed $(CFLAGS) $(LDFLAGS) $(TEST_WRAP) -o $@ $^ $(TEST_LIBS) $(LIBS) $(CURL_LIBS)
$(BUILD)/test/%.o: ALL_CFLAGS += -Itest
# Tests are compiled once and run once: where the library is -O2, they are neither optimised nor have they debug information, which
# is most of the time of make check. For a debugger: make BUILD=build/debug CFLAGS="-O0 -g" unit
$(BUILD)/test/unit/%.o $(BUILD)/test/attack/%.o $(BUILD)/test/mesh/%.o: ALL_CFLAGS += $(if $(filter -O2,$(CFLAGS)),-O0 -g0 -U_FORTIFY_SOURCE)

# The tests of the mesh play those who use it, and see only the public functions; so does the issuer that the tool's tests need.
$(MESH_TESTS): %: %.o $(BUILD)/test/mesh/replies.o $(patsubst %,$(BUILD)/examples/mesh/%.o,page trail player otp forge stage stage_files \
	client web_text) $(STATIC)
$(CLI_ISSUER): $(BUILD)/test/cli/issuer.o $(BUILD)/test/cli/issuer_grant.o $(STATIC)
$(CLI_JSON): $(BUILD)/test/cli/is_json.o $(STATIC)
$(MESH_TESTS) $(CLI_HELPERS):
	$(SAY) LD $@
	$(Q)$(CC) -pthread -Wl,--as-needed $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS) $(CURL_LIBS)

# This one counts the calls that decrypting makes.
$(BUILD)/test/unit/test_jwe_open: TEST_WRAP := $(addprefix -Wl$(COMMA)--wrap=,random_bytes crypto_oaep_decrypt crypto_ecdh crypto_unwrap \
	crypto_gcm_decrypt crypto_hmac crypto_cbc_decrypt)
# One of these counts a slow hash's iterations, the other sees to it that it is not slow.
$(BUILD)/test/unit/test_service $(BUILD)/test/unit/test_service_secret: TEST_WRAP := -Wl$(COMMA)--wrap=crypto_pbkdf2

unit: $(UNIT_TESTS)
	$(Q)for t in $^; do echo "  TEST    $$t"; $$t || exit 1; done

# The unit tests as test/platforms runs them.
core: all $(UNIT_TESTS)
	$(Q)$(RUN) $(UNIT_TESTS)

# One line for each program, its output only when it fails, and the sum at the end.
RUN := BUILD=$(BUILD) APISEC=$(BUILD)/apisec CC="$(CC)" sh test/run.sh

check: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) check-built
check-built: all $(UNIT_TESTS) $(ATTACK_TESTS) $(MESH_TESTS) $(CLI_HELPERS)
	$(Q)$(RUN) $(UNIT_TESTS) $(ATTACK_TESTS) $(MESH_TESTS) $(CLI_TESTS) test/ffi/test_ffi.py $(SCHEMA_TEST) $(LINTS)

# A person's session in headless Chromium; its picture is left in $(BUILD)/demo/screenshot.png.
check-browser: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) demo-built
	$(Q)$(RUN) test/mesh/browser.py

lint: all
	$(Q)$(RUN) $(LINTS) test/lint/cppcheck.sh test/lint/selftest.sh

install-test: all
	$(Q)$(RUN) test/install/install.sh

dist-test:
	$(Q)$(RUN) test/install/dist.sh

vectors: $(VECTOR_TESTS)
	$(Q)test -d "$(VECTORS)" || { echo "make vectors needs VECTORS=DIR, the folder with the test vectors" >&2; exit 2; }
	$(Q)VECTORS=$(VECTORS) $(RUN) $(VECTOR_TESTS)

bench: $(BENCHES)
	$(Q)missed=0; for b in $^; do $$b || missed=1; done; \
		BUILD=$(BUILD) LIMITS=$(LIMITS) sh test/bench/instructions.sh || missed=1; exit $$missed

bench-instructions: $(filter $(addprefix %/bench_,verify lookup limit decide),$(BENCHES))
	$(Q)BUILD=$(BUILD) LIMITS=$(LIMITS) sh test/bench/instructions.sh
	$(Q)BUILD=$(BUILD) sh test/bench/flat.sh

# ---- the same tests with the other mbedTLS, and under sanitizers: each in a folder of its own ----
SANITIZED := --no-print-directory CC=clang
ASAN := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
TSAN_MBEDTLS := $(CURDIR)/build/deps/mbedtls-2.28.3-thread
NEW_MBEDTLS := $(CURDIR)/build/deps/mbedtls-3.6-plain

asan: deps
	$(Q)$(MAKE) $(PARALLEL) $(SANITIZED) BUILD=build/asan CFLAGS="$(ASAN)" LDFLAGS="-fsanitize=address,undefined" other-tests

tsan: deps
	$(Q)sh test/deps/mbedtls.sh 2.28.3 thread "$(TSAN)" clang
	$(Q)$(MAKE) $(PARALLEL) $(SANITIZED) BUILD=build/tsan CFLAGS="$(TSAN)" LDFLAGS="-fsanitize=thread" \
		MBEDTLS_CFLAGS="-I$(TSAN_MBEDTLS)/include" MBEDTLS_LIBS="$(TSAN_MBEDTLS)/library/libmbedcrypto.a" thread-tests

mbedtls-3.6:
	$(Q)sh test/deps/mbedtls.sh 3.6 plain "-O2 -g"
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory BUILD=build/mbedtls-3.6 MBEDTLS_CFLAGS="-I$(NEW_MBEDTLS)/include" \
		MBEDTLS_LIBS="$(NEW_MBEDTLS)/library/libmbedcrypto.a" other-tests

other-tests: $(UNIT_TESTS) $(ATTACK_TESTS) $(MESH_TESTS) $(CLI_HELPERS) $(TOOL)
	$(Q)$(RUN) $(UNIT_TESTS) $(ATTACK_TESTS) $(MESH_TESTS) $(CLI_TESTS)

# The tools of test/cli have no threads.
thread-tests: $(UNIT_TESTS) $(ATTACK_TESTS)
	$(Q)$(RUN) $(UNIT_TESTS) $(ATTACK_TESTS)

# What does not come with the machine: each script builds what it needs in a folder of its own.
platforms: deps
	$(Q)TEST_JOBS=1 TEST_SECONDS=1200 $(RUN) $(sort $(filter-out %/platforms.sh,$(wildcard test/platforms/*.sh)))

include test/integration/integration.mk

.PHONY: unit check check-built check-browser lint install-test platforms core vectors bench bench-instructions asan tsan mbedtls-3.6 other-tests thread-tests
