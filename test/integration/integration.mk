# integration.mk: the tests with real authorization servers, which run.sh starts. The programs see the public headers only; they run
# twice, the second time under AddressSanitizer with its leak checker.

INTEGRATION_TESTS := $(basename $(sort $(wildcard test/integration/test_*.c)))

INTEGRATION_SHARED := $(patsubst %,$(BUILD)/test/integration/%.o,integration bound)

$(BUILD)/test/integration/%: $(BUILD)/test/integration/%.o $(INTEGRATION_SHARED) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS) $(CURL_LIBS)

# These decrypt with RSA whatever the mbedTLS, as the unit tests do.
$(patsubst %,$(BUILD)/test/integration/test_%,encrypted dpop mtls): %: %.o $(INTEGRATION_SHARED) $(BUILD)/private.a
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS) $(CURL_LIBS)

integration-built: $(INTEGRATION_TESTS:%=$(BUILD)/%) $(TOOL) $(BUILD)/loop

check-integration:
	$(Q)test "$(DEPS)" = none || CC="$(CC)" sh test/deps/install.sh base test sanitizers integration
	$(Q)$(MAKE) --no-print-directory integration-built
	$(Q)$(MAKE) $(SANITIZED) BUILD=build/asan CFLAGS="$(ASAN)" LDFLAGS="-fsanitize=address,undefined" integration-built
	$(Q)BUILD=$(BUILD) APISEC=$(BUILD)/apisec sh test/integration/run.sh $(INTEGRATION_TESTS:%=$(BUILD)/%) \
		$(INTEGRATION_TESTS:%=build/asan/%) test/integration/tool.sh

.PHONY: integration-built check-integration
