# loop.mk: a thousand operations in one thread, over epoll and libcurl. `make demo-loop` runs them.

$(BUILD)/loop: $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard examples/loop/*.c))) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS)

# test/cli/loop.sh runs it.
check-built other-tests: $(BUILD)/loop
