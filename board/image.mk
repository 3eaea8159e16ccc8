# The SD card's image: make image PI=arm64|armv6. Needs what `tools/install-deps image` installs.
PI   = arm64
BASE = debian
IMAGE_NAME  = pastcam-$(VERSION)-$(PI)$(if $(filter-out debian,$(BASE)),-$(BASE))
IMAGE       = build/$(IMAGE_NAME)
# Slow parts are kept here; the folder may be empty or absent.
IMAGE_CACHE = build/image-cache
# Updates are signed with this key, and a card accepts only those that its certificate vouches for. Keep the key: cards
# live for years, so it lives where neither `make clean` nor a new checkout reaches it.
KEYS             = $(or $(XDG_CONFIG_HOME),$(HOME:%=%/.config),$(CURDIR)/..)/pastcam/keys
RAUC_KEY         = $(KEYS)/update-key.pem
RAUC_CERTIFICATE = $(KEYS)/update-certificate.pem

IMAGE_ENVIRONMENT = VERSION=$(VERSION) IMAGE_CACHE=$(abspath $(IMAGE_CACHE)) \
	RAUC_KEY=$(abspath $(RAUC_KEY)) RAUC_CERTIFICATE=$(abspath $(RAUC_CERTIFICATE))

.PHONY: card
card: $(RAUC_CERTIFICATE)
	$(IMAGE_ENVIRONMENT) board/build-image $(PI) $(BASE) $(IMAGE)

.PHONY: image
image: card ## build the SD image for PI=arm64 or armv6 (as root, or with fakeroot)
	xz -T4 -0 -f -k $(IMAGE).img
	cd $(dir $(IMAGE)) && sha256sum $(IMAGE_NAME).img $(IMAGE_NAME).img.xz > $(IMAGE_NAME).sha256

# What is committed, checked out elsewhere by someone with another mask, must become the same card.
.PHONY: check-image-reproducible
check-image-reproducible: card ## build the image again from another checkout and compare
	@$(MAKE) --no-print-directory check-built-image-reproducible

.PHONY: check-built-image-reproducible
check-built-image-reproducible:
	rm -rf build/another
	umask 077 && git clone --quiet . build/another/checkout/in/another/folder
	umask 077 && $(MAKE) -C build/another/checkout/in/another/folder --no-print-directory card PI=$(PI) BASE=$(BASE) $(IMAGE_ENVIRONMENT)
	cmp $(IMAGE).img build/another/checkout/in/another/folder/$(IMAGE).img
	cmp $(IMAGE).manifest build/another/checkout/in/another/folder/$(IMAGE).manifest
	rm -rf build/another

.PHONY: bundle
bundle: card ## build the signed update for PI=arm64 or armv6
	$(IMAGE_ENVIRONMENT) board/build-bundle $(PI) $(IMAGE).slot $(IMAGE).raucb

$(RAUC_CERTIFICATE):
	board/make-keys $(RAUC_KEY) $(RAUC_CERTIFICATE)

# Which tests say something about which card; those named _all take long, and run only in check-image-all.
IMAGE_TESTS_arm64     = test_card.py test_boot.py
IMAGE_TESTS_arm64_all = test_trouble.py test_update.py test_power_cut.py test_pi3.py
IMAGE_TESTS_armv6     = test_card.py
IMAGE_TESTS_armv6_all = test_pi_zero.py
IMAGE_TEST_FILES      = $(IMAGE_TESTS_$(PI)) $(if $(filter all,$(IMAGE_TESTS)),$(IMAGE_TESTS_$(PI)_all))

.PHONY: check-image
check-image: card ## check the image and boot it in QEMU
	@$(MAKE) --no-print-directory check-built-image

.PHONY: check-built-image
check-built-image:
	$(IMAGE_ENVIRONMENT) PI=$(PI) IMAGE=$(abspath $(IMAGE)) TEST_TIMEOUT_S=7200 \
		$(PYTHON) tests/run $(addprefix tests/image/,$(IMAGE_TEST_FILES))

.PHONY: check-image-all
check-image-all: ## the same for both images, with all kinds of trouble, updates, power cuts, a Pi 3 and a Pi Zero (an hour)
	$(MAKE) check-image PI=arm64 IMAGE_TESTS=all
	$(MAKE) check-image PI=armv6 IMAGE_TESTS=all
