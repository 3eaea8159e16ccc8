#!/bin/sh
# Fails when a file includes a header of a higher layer, of a sibling module in L2 that it must not know, config.h outside the
# top, or a library outside its place. The tree in docs/architecture.md is the rule; this holds the code to it.
set -eu
cd "$(dirname "$0")/.."
bad=0

# Headers in include/ by layer.
base="error log clock loop lock pool fsio notify memory"
image="image ingest convert area luma stack"
store="budget ring"
service="jobs capture autosave retention guard night_watch lateness"
net="server proto commands"

complain() { echo "$1: $2"; bad=1; }

# forbid FILES-PATTERN WHY HEADER…
forbid() {
    files=$1 why=$2; shift 2
    for header in "$@"; do
        # shellcheck disable=SC2086
        for file in $(grep -lE "^#include [<\"]$header\.h[>\"]" $files 2>/dev/null || true); do
            complain "$file" "includes $header.h, $why"
        done
    done
}

camera=$(cd include && ls camera*.h decode.h scene*.h light*.h fault*.h story*.h replay*.h 2>/dev/null | sed 's/\.h$//')
night="night night_sim"
export="export codec"
l2="$store $camera $night $export"
top="config config_options daemon compose"

# shellcheck disable=SC2086
{
    forbid "src/base/*" "which is above base" $image $l2 $service $net $top
    forbid "src/image/*" "which is above image, or does I/O" log clock loop pool fsio notify memory $l2 $service $net $top
    forbid "src/store/*" "which store may not know" $camera $night $export $service $net $top log
    forbid "src/camera/*" "which camera may not know" $store $export $service $net $top log night
    forbid "src/night.c" "which night may not know" $base $store $camera $export $service $net $top
    forbid "src/export/*" "which export may not know" $store $camera $night $service $net $top log
    forbid "src/service/*" "which is above service" $net $top
    forbid "src/net/*" "which is above net" $top
    forbid "src/base/* src/image/* src/store/* src/camera/* src/night*.c src/export/* src/service/* src/net/server* src/net/proto* src/net/cl* src/net/listen*" \
        "which only the configuration and status may use" "cjson/cJSON"
    forbid "src/*.c src/base/* src/image/* src/store/* src/export/export.c src/service/* src/net/*" "which belongs to the codecs" jpeglib png turbojpeg
}
others=$(find src -name '*.cpp' ! -path 'src/camera/libcamera*.cpp')
[ -z "$others" ] || complain "$others" "is C++ outside the libcamera shim"
exit $bad
