# loop.mk: a thousand requests in one thread, over libcurl: with epoll, build/loop, which `make demo-loop` runs, and with libuv. What
# they share knows neither.

LOOP_SHARED := $(patsubst %,$(BUILD)/examples/loop/%.o,bridge driver service crowd process)

$(BUILD)/loop: $(BUILD)/examples/loop/main.o $(LOOP_SHARED) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS)

# Without libuv, or without libcurl, which does the work for both, the second is left out, by name; LIBUV= does so too.
ifeq ($(origin LIBUV),undefined)
LIBUV := $(if $(filter curl,$(HTTP)),$(shell $(CC) $(CPPFLAGS) -include uv.h -x c -E /dev/null >/dev/null 2>&1 && echo -luv))
endif

$(BUILD)/examples/libuv/%.o: ALL_CFLAGS += -Iexamples/loop
$(BUILD)/loop-libuv: $(BUILD)/examples/libuv/main.o $(LOOP_SHARED) $(STATIC)
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS) $(LIBUV)

libuv-left-out:
	@echo 'examples/libuv and test/cli/libuv.sh, which need libuv and libcurl: skipped'

# test/cli/loop.sh and test/cli/libuv.sh run them.
check-built other-tests: $(BUILD)/loop $(if $(LIBUV),$(BUILD)/loop-libuv,libuv-left-out)
CLI_TESTS := $(if $(LIBUV),$(CLI_TESTS),$(filter-out %/libuv.sh,$(CLI_TESTS)))

.PHONY: libuv-left-out
