# What a packager may want to change; any of these can be set on make's command line.
VERSION = 0.2.0
PREFIX  = /usr/local
DESTDIR =
SYSCONFDIR = /etc
UNITDIR = /usr/lib/systemd/system

CC  ?= cc
CXX ?= c++
AR  ?= ar
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3

# On 32-bit ARM too, times reach beyond 2038 and files beyond 2 GiB; src/base/clock.c refuses to build otherwise.
WIDE = -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64

# SANITIZE=address,undefined or SANITIZE=thread builds everything into a folder of its own.
SANITIZE =
comma = ,
BUILD = build$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
WARNINGS_CXX = -Wall -Wextra -Wconversion
# Sanitizers ask for little optimisation.
OPTIMISE = $(if $(SANITIZE),-O1,-O2) -g
# The kernels are plain C in shapes that the compilers vectorise at this level.
OPTIMISE_KERNELS = $(if $(SANITIZE),-O1,-O3) -g

# What Debian builds its own packages with; the sanitizers bring their own.
HARDENING = $(if $(SANITIZE),,-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
HARDENING_LINK = $(if $(SANITIZE),,-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)

SANITIZE_FLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
