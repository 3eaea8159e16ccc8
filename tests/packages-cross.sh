#!/bin/sh
# The packages in FOLDER, for another processor, in the root in which they were built (tools/build-packages): lintian judges them,
# and their programs run under qemu.   usage: packages-cross.sh FOLDER ARCH
set -eu
cd "$1"
case $2 in
arm64) qemu="qemu-aarch64-static" ;;
armhf) qemu="qemu-arm-static" ;;
*) echo "no qemu is known for $2" >&2; exit 1 ;;
esac
lintian --allow-root --fail-on error,warning ./*.changes
echo "ok 1 lintian has nothing to say"

mkdir unpacked
for package in pastcam_*.deb pastcam-web_*.deb pastcam-hub_*.deb; do
    dpkg-deb --extract "$package" unpacked
done
for program in pastcam pastcam-web pastcam-hub; do
    "$qemu" "unpacked/usr/bin/$program" --version
done
echo "ok 2 the programs run"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
set -- "$qemu" unpacked/usr/bin/pastcam -o camera.backend=synthetic -o "network.socket_dir=$folder" -o network.trigger_port=0 \
    -o "export.base_dir=$folder/pictures"
"$@" >"$folder/log" 2>&1 &
daemon=$!
tries=0
until "$@" ask save >"$folder/reply" 2>&1 && ls "$folder/pictures"/*.jpg >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" = 60 ] || ! kill -0 "$daemon"; then
        cat "$folder/log" "$folder/reply" >&2
        exit 1
    fi
    sleep 1
done
kill "$daemon"
wait "$daemon"
cat "$folder/reply"
echo "ok 3 the drawn camera's picture is saved"
