# mesh.mk: the demo: four services, and the story that sets them up, uses them and attacks them. They need libmicrohttpd and GnuTLS;
# the library and the tool do not.

MESH := $(BUILD)/demo
mesh_objects = $(patsubst %,$(BUILD)/examples/mesh/%.o,$(1))
MESH_SERVICE := service web web_text client
MESH_PROGRAMS := $(addprefix $(BUILD)/mesh-,sts gateway accounts ledger story)

$(BUILD)/mesh-sts: $(call mesh_objects,sts sts_login sts_token sts_exchange sts_status sts_store otp page $(MESH_SERVICE)) $(STATIC)
$(BUILD)/mesh-gateway: $(call mesh_objects,gateway gateway_login gateway_session gateway_page page $(MESH_SERVICE)) $(STATIC)
$(BUILD)/mesh-accounts: $(call mesh_objects,accounts $(MESH_SERVICE)) $(STATIC)
$(BUILD)/mesh-ledger: $(call mesh_objects,ledger $(MESH_SERVICE)) $(STATIC)
$(BUILD)/mesh-story: $(call mesh_objects,story story_journey story_attacks story_tied story_access story_rules story_replay story_outage story_trail story_loop screen \
	trail player otp forge stage stage_files client web_text) $(STATIC)

# The guards' documents go along, as the numbers of their bytes.
MESH_DOCUMENTS := $(patsubst %,$(BUILD)/examples/mesh/%.json.inc,gateway accounts ledger)
$(MESH_DOCUMENTS): $(BUILD)/%.inc: %
	@mkdir -p $(@D)
	$(Q)od -An -v -tu1 $< | awk '{ for (i = 1; i <= NF; i++) printf "%s,", $$i; print "" }' > $@
$(BUILD)/examples/mesh/stage_files.o: $(MESH_DOCUMENTS)
$(BUILD)/examples/mesh/stage_files.o: ALL_CFLAGS += -I$(BUILD)

$(MESH_PROGRAMS):
	$(SAY) LD $@
	$(Q)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CURL_LIBS) -lmicrohttpd -lgnutls

demo-built: $(MESH_PROGRAMS) $(TOOL)
	@:

demo: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) demo-built
	$(Q)$(BUILD)/mesh-story $(MESH) $(BUILD)

# The same programs, until Ctrl-C, for a person with a browser.
demo-serve: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) demo-built
	$(Q)$(BUILD)/mesh-story --serve $(MESH) $(BUILD)

# A thousand requests in one thread (examples/loop), with the demo's authorization server.
demo-loop: deps
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) demo-built $(BUILD)/loop
	$(Q)$(BUILD)/mesh-story --loop $(MESH) $(BUILD)

# The tests of test/cli and test/mesh run them.
check-built other-tests: $(MESH_PROGRAMS)

.PHONY: demo demo-serve demo-loop demo-built
