# examples.mk: the small example programs, and the demo. They need libmicrohttpd; the library and the tool do not.

EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard examples/*.c)))

$(EXAMPLES): %: %.o $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS) -lmicrohttpd

# The tests of test/cli run them.
check-built other-tests: $(EXAMPLES)

include examples/mesh/mesh.mk
include examples/loop/loop.mk
