# pastcam. `make help` lists the targets. Settings: config.mk
include config.mk
include board/image.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

LIBRARIES = libjpeg libpng zlib libcjson libexif libsodium
HAVE_LIBCAMERA := $(shell $(PKG_CONFIG) --exists libcamera 2>/dev/null && echo yes)
# libyuv has no .pc file. The H.264 encoders take what it converts.
HAVE_LIBYUV := $(shell $(CC) $(CPPFLAGS) -include libyuv.h -E -x c /dev/null >/dev/null 2>&1 && echo yes)
HAVE_OPENH264 := $(if $(HAVE_LIBYUV),$(shell $(PKG_CONFIG) --exists openh264 2>/dev/null && echo yes))
HAVE_HUB := $(shell $(PKG_CONFIG) --exists sqlite3 libmosquitto libcurl libcrypto 2>/dev/null && echo yes)
HAVE_WEB := $(shell $(PKG_CONFIG) --exists libmicrohttpd sqlite3 2>/dev/null && echo yes)

CPPFLAGS_ALL = -Iinclude -D_GNU_SOURCE $(WIDE) -DPASTCAM_VERSION='"$(VERSION)"' $(CPPFLAGS) $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
CFLAGS_ALL   = -std=c17 $(WARNINGS) $(OPTIMISE) $(HARDENING) $(SANITIZE_FLAGS) -pthread $(CFLAGS)
CXXFLAGS_ALL = -std=c++17 $(WARNINGS_CXX) $(OPTIMISE) $(HARDENING) $(SANITIZE_FLAGS) -pthread $(CXXFLAGS)
LDFLAGS_ALL  = $(HARDENING_LINK) $(SANITIZE_FLAGS) -pthread $(LDFLAGS)
LDLIBS_ALL   = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -lm

# Any depth; tests/layers.sh derives a file's layer from its first folder.
C_SOURCES := $(sort $(shell find src -name '*.c'))
SOURCES := $(filter-out src/%/main.c src/web/% src/hub/%,$(C_SOURCES))
# Where a library is missing its encoder is left out, with a note below.
ifneq ($(HAVE_LIBYUV),yes)
SOURCES := $(filter-out src/encode/i420.c src/encode/v4l2%.c,$(SOURCES))
else
CPPFLAGS_ALL += -DPASTCAM_WITH_V4L2
LDLIBS_ALL += -lyuv
endif
ifneq ($(HAVE_OPENH264),yes)
SOURCES := $(filter-out src/encode/openh264%.c,$(SOURCES))
else
SOURCES := $(filter-out src/encode/no_openh264.c,$(SOURCES))
CPPFLAGS_ALL += -DPASTCAM_WITH_OPENH264
LDLIBS_ALL += $(shell $(PKG_CONFIG) --libs openh264)
endif
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LINK = $(CC)
ifeq ($(HAVE_LIBCAMERA),yes)
CPPFLAGS_ALL += -DPASTCAM_WITH_LIBCAMERA
OBJECTS += $(patsubst %.cpp,$(BUILD)/%.o,$(wildcard src/camera/libcamera/*.cpp))
LDLIBS_ALL += $(shell $(PKG_CONFIG) --libs libcamera)
LINK = $(CXX)
endif
LIBRARY = $(BUILD)/libpastcam.a

# 32-bit ARM without NEON: the kernels once more, for processors that have it. src/media/neon_names.h says how.
NEON_FILES = area% box_row byte_sum convert enlarge geometry ingest luma luma_grid median% packed_rows place stack yuv_rows%
NEON_FLAGS = -march=armv7-a -mfpu=neon -include src/media/neon_names.h
NEON_SOURCES = $(filter $(NEON_FILES:%=src/media/%.c),$(SOURCES))
ifneq ($(filter arm%gnueabihf,$(shell $(CC) -dumpmachine)),)
ifeq ($(shell $(CC) $(CFLAGS) -dM -E -x c /dev/null | grep __ARM_NEON),)
CPPFLAGS_ALL += -DPASTCAM_WITH_NEON
OBJECTS += $(NEON_SOURCES:%.c=$(BUILD)/%.neon.o)
endif
endif

$(BUILD)/%.neon.o: %.c Makefile config.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(NEON_FLAGS) -MMD -MP -c -o $@ $<

.PHONY: neon-sources neon-flags
neon-sources neon-flags: # for what compiles them without make
	@echo $(if $(filter neon-sources,$@),$(NEON_SOURCES),$(NEON_FLAGS))

# Tests and benches look inside the modules.
$(BUILD)/tests/%.o $(BUILD)/bench/%.o: CPPFLAGS += -Isrc

# What only pastcam-web has: its own library, the page's files compressed, and the tests that look inside.
WEB_SOURCES := $(filter-out src/web/main.c,$(filter src/web/%,$(C_SOURCES)))
WEB_LIBRARY = $(BUILD)/libpastcam-web.a
WEB_FILES := $(patsubst web/%,$(BUILD)/web/%.gz,$(filter-out %.md,$(wildcard web/*)))
WEB_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_web_*.c)) \
	$(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_web_*.c))

# The same of pastcam-hub.
HUB_SOURCES := $(filter-out src/hub/main.c,$(filter src/hub/%,$(C_SOURCES)))
HUB_LIBRARY = $(BUILD)/libpastcam-hub.a
HUB_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_hub_*.c)) \
	$(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_hub_*.c))
HUB_LDLIBS = $(shell $(PKG_CONFIG) --libs sqlite3 libmosquitto libcurl libcrypto libcjson libsodium) -lm

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
ifeq ($(HAVE_LIBCAMERA),yes)
UNIT_TESTS += $(patsubst tests/unit/%.cpp,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.cpp))
endif

.PHONY: all
all: $(BUILD)/pastcam ## build build/pastcam, and build/pastcam-web and build/pastcam-hub where their libraries are
ifeq ($(HAVE_WEB),yes)
all: $(BUILD)/pastcam-web
else
all: no-web
endif
ifeq ($(HAVE_HUB),yes)
all: $(BUILD)/pastcam-hub
else
all: no-hub
endif

$(BUILD)/pastcam: $(BUILD)/src/pastcam/main.o $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)
ifneq ($(HAVE_LIBCAMERA),yes)
	@echo "note: built without libcamera (libcamera-dev is not installed): only the replay and synthetic cameras will work"
endif
ifneq ($(HAVE_OPENH264),yes)
	@echo "note: built without OpenH264 (libopenh264-dev and libyuv-dev are not installed): video will be MJPEG"
endif

.PHONY: no-web
no-web: $(BUILD)/pastcam
	@echo "note: built without pastcam-web, the page (libmicrohttpd-dev and libsqlite3-dev are not both installed)"

$(BUILD)/pastcam-web: $(BUILD)/src/web/main.o $(WEB_LIBRARY) $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $^ -lmicrohttpd $(WEB_LDLIBS)

.PHONY: no-hub
no-hub: $(BUILD)/pastcam
	@echo "note: built without pastcam-hub, events, rules and MQTT (libsqlite3-dev, libmosquitto-dev, libcurl4-openssl-dev and libssl-dev are not all installed)"

$(BUILD)/pastcam-hub: $(BUILD)/src/hub/main.o $(HUB_LIBRARY) $(LIBRARY)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(HUB_LDLIBS)

$(HUB_LIBRARY): $(HUB_SOURCES:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(WEB_LIBRARY): $(WEB_SOURCES:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/web/%.gz: web/%
	@mkdir -p $(@D)
	gzip -9nc $< > $@

$(BUILD)/src/web/assets.o: $(WEB_FILES)
$(BUILD)/src/web/assets.o: CPPFLAGS += -DPASTCAM_WEB_FILES='"$(BUILD)/web"'

# The page needs neither the camera nor the pictures' libraries beyond thumbnails.
WEB_LDLIBS = $(shell $(PKG_CONFIG) --libs libjpeg zlib libcjson sqlite3) -lm

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/src/media/%.o $(BUILD)/src/detect/motion_%.o $(BUILD)/src/export/png_%.o $(BUILD)/src/camera/synthetic/scene.o $(BUILD)/bench/%.o: OPTIMISE = $(OPTIMISE_KERNELS)

.PHONY: libraries
libraries:
	@$(PKG_CONFIG) --exists --print-errors $(LIBRARIES) || { echo "Libraries are missing; this installs them: tools/install-deps build"; exit 1; }

$(BUILD)/%.o: %.c Makefile config.mk | libraries
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.cpp Makefile config.mk
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS_ALL) $(shell $(PKG_CONFIG) --cflags libcamera) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

ifneq ($(HAVE_WEB),yes)
UNIT_TESTS := $(filter-out $(WEB_TESTS),$(UNIT_TESTS))
endif
ifneq ($(HAVE_HUB),yes)
UNIT_TESTS := $(filter-out $(HUB_TESTS),$(UNIT_TESTS))
endif
$(HUB_TESTS): $(HUB_LIBRARY)
$(HUB_TESTS): TEST_LIBS = $(HUB_LIBRARY) $(LIBRARY) $(HUB_LDLIBS)
# Hardware that is not there encodes with OpenH264.
ifneq ($(HAVE_OPENH264),yes)
UNIT_TESTS := $(filter-out $(BUILD)/tests/unit/test_v4l2 $(BUILD)/tests/unit/test_video,$(UNIT_TESTS))
endif
$(WEB_TESTS): $(WEB_LIBRARY)
$(WEB_TESTS): TEST_LIBS = $(WEB_LIBRARY) $(LIBRARY) -lmicrohttpd -lsqlite3

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $(filter-out %.a,$^) $(TEST_LIBS) $(LIBRARY) -lcmocka $(LDLIBS_ALL)

# A fuzz target as a plain test over its corpus; `make fuzz` links libFuzzer in instead.
FUZZ_TESTS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN = $(BUILD)/tests/fuzz/corpus_main.o
ifneq ($(HAVE_WEB),yes)
FUZZ_TESTS := $(filter-out $(WEB_TESTS),$(FUZZ_TESTS))
endif
ifneq ($(HAVE_HUB),yes)
FUZZ_TESTS := $(filter-out $(HUB_TESTS),$(FUZZ_TESTS))
endif

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_MAIN) $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $(filter-out %.a,$^) $(TEST_LIBS) $(LIBRARY) $(LDLIBS_ALL)

-include $(shell find $(BUILD)/src $(BUILD)/tests $(BUILD)/bench -type f -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS) $(FUZZ_TESTS) ## build the unit tests, and the fuzz targets as tests

# --- the two commands; both install what is missing ---

.PHONY: run
run: ## build, then run with the synthetic camera on port 9999 and its page on 8080, saving to ./captures
	@tools/install-deps build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/run-demo-camera $(BUILD)/pastcam

.PHONY: demo
demo: ## the same without a person: send every command, show the replies, stop
	@tools/install-deps build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/demo $(BUILD)/pastcam

SCRIPT_TESTS = tests/layers.sh
INTEGRATION_TESTS = $(sort $(wildcard tests/integration/test_*.py))
# ThreadSanitizer follows no threads in a process that was forked from one with threads, and has nothing to say where there are none.
one_threaded = $(shell for program in $(UNIT_TESTS) $(FUZZ_TESTS); do \
	symbols=$$(nm --dynamic --undefined-only $$program) && ! echo "$$symbols" | grep -q pthread_create && echo $$program; done)
UNFIT_UNIT_TESTS = $(if $(findstring thread,$(SANITIZE)),$(BUILD)/tests/unit/test_camera_paused $(one_threaded))
TESTS = $(SCRIPT_TESTS) $(filter-out $(UNFIT_UNIT_TESTS),$(UNIT_TESTS) $(FUZZ_TESTS)) $(INTEGRATION_TESTS)

.PHONY: check
check: ## build and run all tests
	@tools/install-deps build check
	@$(MAKE) --no-print-directory -j$$(nproc) check-installed

.PHONY: check-installed
check-installed: all unit
	PASTCAM=$(abspath $(BUILD)/pastcam) $(PYTHON) tests/run $(TESTS)

# What needs more than a plain container or chroot gives, and something that needs nothing.
.PHONY: check-plain
check-plain: all ## the tests that such a place may leave out, for one of those: they must be left out or pass
	@$(MAKE) --no-print-directory check-installed TESTS="$(wildcard $(shell grep -l '^Needs: ' tests/integration/test_*.py) tests/integration/test_places.py)"

MINUTES = 10

.PHONY: soak
soak: ## all faults at once for MINUTES=10, and a table of what it came to
	@tools/install-deps build check
	@$(MAKE) --no-print-directory all
	PASTCAM=$(abspath $(BUILD)/pastcam) $(PYTHON) tests/soak.py $(MINUTES)

HOURS = 24

.PHONY: camera-day
camera-day: ## HOURS=24 of camera faults, 150 seconds each, and a table of what it came to
	@tools/install-deps build check
	@$(MAKE) --no-print-directory all
	PASTCAM=$(abspath $(BUILD)/pastcam) $(PYTHON) tests/camera_day.py $(HOURS)

SECONDS = 60

.PHONY: fuzz
fuzz: ## run each fuzz target for SECONDS=60 under the address and undefined-behaviour sanitizers (clang)
	@tools/install-deps build fuzz
	@$(MAKE) --no-print-directory CC=clang CXX=clang++ BUILD=build/fuzz FUZZ_MAIN= HARDENING= HARDENING_LINK= LDFLAGS=-fsanitize=fuzzer \
		SANITIZE_FLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" fuzz-run

.PHONY: fuzz-run
fuzz-run: $(FUZZ_TESTS)
	tests/fuzz/run $(SECONDS) $(FUZZ_TESTS)

# --- measuring; not part of check ---

BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out bench/arm_%.c,$(wildcard bench/*.c)))
PHOTOS = ../shared/data/photos

.PHONY: bench
bench: ## measure every kernel and encoder against its limit; writes build/bench.json
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench
	@$(MAKE) --no-print-directory all
	$(BUILD)/bench/bench $(PHOTOS) $(BUILD)/bench.json
	$(PYTHON) bench/daemon.py $(BUILD)/pastcam $(BUILD)/bench-daemon.json
	$(PYTHON) bench/clips.py $(BUILD)/pastcam $(BUILD)/bench-clips.json waits sizes
	$(if $(HAVE_WEB),$(PYTHON) bench/web.py $(BUILD) $(BUILD)/bench-web.json)
	$(if $(HAVE_HUB),$(PYTHON) bench/hub.py $(BUILD))

$(BUILD)/bench/bench: $(BENCH_OBJECTS) $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $^ -lyuv -lturbojpeg $(LDLIBS_ALL)

.PHONY: bench-hub
bench-hub: ## the hub: KILLS=500 kill -9 and CUTS=50 power cuts under load, a million events, the broker; half an hour
	@tools/install-deps build bench check
	@$(MAKE) --no-print-directory all
	KILLS=$(or $(KILLS),500) CUTS=$(or $(CUTS),50) $(PYTHON) bench/hub.py $(BUILD)

.PHONY: bench-clips
bench-clips: ## a hundred triggers four times, fifty kill -9, waits and sizes of clips; ten minutes of one core
	@tools/install-deps build bench check
	@$(MAKE) --no-print-directory all
	$(PYTHON) bench/clips.py $(BUILD)/pastcam $(BUILD)/bench-clips.json

.PHONY: bench-growth
bench-growth: ## how the daemon's processor time grows with frame rate and clients; a minute and a half
	@tools/install-deps build bench check
	@$(MAKE) --no-print-directory all
	$(PYTHON) bench/growth.py $(BUILD)/pastcam $(BUILD)/bench-growth.json

FRAMES = 300

.PHONY: bench-motion
bench-motion: ## motion detection beside OpenCV's MOG2, on FRAMES=300 frames of each scene
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory all $(BUILD)/bench/motion/motion
	$(PYTHON) bench/motion.py $(BUILD)/bench/motion/motion $(BUILD)/pastcam $(FRAMES)

WALKS = 200

.PHONY: bench-motion-runs
bench-motion-runs: ## motion detection: false events in HOURS=24 simulated hours of each scene, and WALKS=200 walks
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory all $(BUILD)/bench/motion/motion
	$(PYTHON) bench/motion_runs.py $(BUILD)/bench/motion/motion $(HOURS) $(WALKS)

FILMS = 8
PICTURE = ../shared/data/photos/aloeL.jpg

.PHONY: bench-motion-near
bench-motion-near: ## motion detection: of how many of FILMS=8 films of insects and snow on the photograph PICTURE it tells
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory all
	$(PYTHON) bench/motion_near.py $(BUILD)/pastcam $(PICTURE) $(FILMS)

$(BUILD)/bench/motion/motion: $(BUILD)/bench/motion/main.o $(LIBRARY)
	$(LINK) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

.PHONY: bench-arm
bench-arm: ## the kernels' cycles and instructions a pixel on Raspberry Pis, as llvm-mca reckons and QEMU counts them
	@tools/install-deps bench-arm
	@$(PYTHON) bench/arm.py $(BUILD)
	@$(PYTHON) bench/instructions/count.py $(BUILD) $(BUILD)/bench-instructions.json

.PHONY: check-arm
check-arm: ## the kernels' tests for 64- and 32-bit ARM, under qemu
	@tools/install-deps check-arm
	tests/golden/check-arm $(BUILD)

AXE = $(BUILD)/axe/node_modules/axe-core/axe.min.js

$(AXE):
	@command -v npm >/dev/null || tools/install-deps npm
	npm install --prefix $(BUILD)/axe --no-audit --no-fund axe-core@4.11.0

MP4BOX = $(BUILD)/mp4box/node_modules/mp4box/dist/mp4box.all.js

$(MP4BOX):
	@command -v npm >/dev/null || tools/install-deps npm
	npm install --prefix $(BUILD)/mp4box --no-audit --no-fund mp4box@0.5.4

.PHONY: check-browser
check-browser: ## the page and clips in Chromium, the page in Firefox, over the real programs; leaves build/screenshots
	@tools/install-deps build check browser
	@$(MAKE) --no-print-directory -j$$(nproc) all $(AXE) $(MP4BOX)
	AXE=$(abspath $(AXE)) MP4BOX=$(abspath $(MP4BOX)) PASTCAM=$(abspath $(BUILD)/pastcam) $(PYTHON) tests/run $(wildcard tests/browser/test_*.py)

# Arithmetic over thousands of pictures, for minutes each; the address sanitizer has them.
SIMULATIONS = $(filter $(addprefix $(BUILD)/tests/unit/test_,night_sim scene stack motion%),$(UNIT_TESTS))

.PHONY: check-valgrind
check-valgrind: ## the unit tests under valgrind, but for simulations
	@tools/install-deps build check valgrind
	@$(MAKE) --no-print-directory -j$$(nproc) unit
	WRAPPER="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite" $(PYTHON) tests/run $(filter-out $(SIMULATIONS),$(UNIT_TESTS)) $(FUZZ_TESTS)

# --- looking for mistakes without running ---

SHELL_SCRIPTS = $(shell grep -lrE '^.!/(bin/sh|usr/bin/env bash|bin/bash)' tools tests board overlay .ci 2>/dev/null) $(wildcard board/*.conf)

.PHONY: lint
lint: ## cppcheck, clang-tidy, clang's warnings, shellcheck
	@tools/install-deps build lint
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem -Iinclude -D_GNU_SOURCE -DPASTCAM_VERSION='"0"' --suppress=unknownMacro -j2 src
	@$(MAKE) --no-print-directory lint-compilers

.PHONY: lint-compilers
lint-compilers:
	printf '%s\n' $(C_SOURCES) | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- -std=c17 -Iinclude -D_GNU_SOURCE \
		-DPASTCAM_VERSION=\"0\" -DPASTCAM_WEB_FILES=\"\" -DPASTCAM_WITH_LIBCAMERA $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))' sh
	$(MAKE) --no-print-directory CC=clang CXX=clang++ BUILD=build/clang CFLAGS=-Werror CXXFLAGS=-Werror OPTIMISE=-O1 OPTIMISE_KERNELS=-O1 all unit
	shellcheck --severity=warning $(SHELL_SCRIPTS)
	mandoc -T lint -W warning docs/*.1
	for unit in pastcam pastcam-web pastcam-hub; do \
		systemd-analyze security --offline=yes --threshold=20 --no-pager overlay/usr/lib/systemd/system/$$unit.service \
			> build/exposure || { cat build/exposure; exit 1; }; \
		tail -n 1 build/exposure; \
	done

# --- installing ---

# What messages, the man page and the configuration name: all but what is for those who have the source.
INSTALLED_DOCS = CHANGELOG.md LICENSE $(filter-out $(addprefix docs/,architecture.md hardware-test.md performance.md png.md),$(wildcard docs/*.md)) $(filter-out docs/scene.jpg,$(wildcard docs/*.svg docs/*.jpg docs/*.png docs/*.conf))

.PHONY: install
install: all ## install binary, configuration, units, man page, documents (DESTDIR=, PREFIX=)
	install -D -m 755 $(BUILD)/pastcam $(DESTDIR)$(PREFIX)/bin/pastcam
	install -D -m 644 docs/pastcam.1 $(DESTDIR)$(PREFIX)/share/man/man1/pastcam.1
	install -d -m 755 $(DESTDIR)$(PREFIX)/share/doc/pastcam
	install -m 644 $(INSTALLED_DOCS) $(DESTDIR)$(PREFIX)/share/doc/pastcam
	[ -e $(DESTDIR)$(SYSCONFDIR)/pastcam/config.json ] || install -D -m 644 config.json $(DESTDIR)$(SYSCONFDIR)/pastcam/config.json
	install -D -m 644 overlay/usr/lib/systemd/system/pastcam.service $(DESTDIR)$(UNITDIR)/pastcam.service
	install -D -m 644 overlay/usr/lib/systemd/system/pastcam@.service $(DESTDIR)$(UNITDIR)/pastcam@.service
	install -D -m 644 overlay/usr/lib/sysusers.d/pastcam.conf $(DESTDIR)/usr/lib/sysusers.d/pastcam.conf
ifeq ($(HAVE_WEB),yes)
	install -D -m 755 $(BUILD)/pastcam-web $(DESTDIR)$(PREFIX)/bin/pastcam-web
	install -D -m 644 docs/pastcam-web.1 $(DESTDIR)$(PREFIX)/share/man/man1/pastcam-web.1
	install -D -m 644 overlay/usr/lib/systemd/system/pastcam-web.service $(DESTDIR)$(UNITDIR)/pastcam-web.service
	install -D -m 644 overlay/usr/lib/sysusers.d/pastcam-web.conf $(DESTDIR)/usr/lib/sysusers.d/pastcam-web.conf
endif
ifeq ($(HAVE_HUB),yes)
	install -D -m 755 $(BUILD)/pastcam-hub $(DESTDIR)$(PREFIX)/bin/pastcam-hub
	install -D -m 644 docs/pastcam-hub.1 $(DESTDIR)$(PREFIX)/share/man/man1/pastcam-hub.1
	install -D -m 644 overlay/usr/lib/systemd/system/pastcam-hub.service $(DESTDIR)$(UNITDIR)/pastcam-hub.service
	install -D -m 644 overlay/usr/lib/sysusers.d/pastcam-hub.conf $(DESTDIR)/usr/lib/sysusers.d/pastcam-hub.conf
endif

# --- packages ---

DEB_FOLDER = $(BUILD)/deb$(if $(DEB_ARCH),-trixie-$(DEB_ARCH))
BUILD_PACKAGES = tools/build-packages $(1) $(DEB_ARCH)

.PHONY: deb
deb: ## build the Debian packages into build/deb; for other processors, as root: DEB_ARCH=arm64|armhf
	@tools/install-deps $(if $(DEB_ARCH),ci,build deb)
	$(call BUILD_PACKAGES,$(DEB_FOLDER))

.PHONY: check-deb-reproducible
check-deb-reproducible: ## whether `make deb` makes the same packages elsewhere; DEB_ARCH= as there
	@[ -d $(DEB_FOLDER) ] || $(MAKE) --no-print-directory deb
	ELSEWHERE=1 $(call BUILD_PACKAGES,$(DEB_FOLDER)-again)
	tools/same-packages $(DEB_FOLDER) $(DEB_FOLDER)-again

.PHONY: clean
clean: ## remove all that was built (build/keys, where version 0.1.0 put the keys for updates, stays)
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name keys -exec rm -rf {} +
	@rmdir build 2>/dev/null || [ ! -d build ] || echo "kept build/keys: it may be the only key that cards made with it accept updates from"

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | sort -u | expand -t 24
