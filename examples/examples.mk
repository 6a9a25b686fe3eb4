# examples.mk: the demo and the small example programs. They need libmicrohttpd; the library and the tool do not.

STORY_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/demo/demo*.c)))
ISSUER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/demo/issuer*.c)))
DEMO := $(BUILD)/demo-story $(BUILD)/demo-issuer
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard examples/*.c)))

$(BUILD)/demo-story: $(STORY_OBJECTS) $(STATIC)
$(BUILD)/demo-issuer: $(ISSUER_OBJECTS) $(STATIC)
$(EXAMPLES): %: %.o $(STATIC)
$(DEMO) $(EXAMPLES):
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS) -lmicrohttpd

demo: deps
	$(Q)$(MAKE) --no-print-directory $(TOOL) $(DEMO)
	$(Q)mkdir -p $(BUILD)/demo
	$(Q)$(BUILD)/demo-story $(BUILD)/demo $(BUILD)/demo-issuer

# The tests of test/cli run them.
check-built sanitized-tests: $(DEMO) $(EXAMPLES)

.PHONY: demo
