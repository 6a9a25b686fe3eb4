# loop.mk: a thousand requests in one thread, over epoll and libcurl. `make demo-loop` runs them.

LOOP_SHARED := $(patsubst %,$(BUILD)/examples/loop/%.o,bridge driver service crowd process)

$(BUILD)/loop: $(BUILD)/examples/loop/main.o $(LOOP_SHARED) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS)

# test/cli/loop.sh runs it.
check-built other-tests: $(BUILD)/loop
